// Run as a process of its own: the calls to sharp and to the segmentation that the pipeline makes, one after another on
// pictures in memory, with nothing stored and nothing recorded. Answers a POST once its picture is done.
import { readFileSync } from 'node:fs'
import { createServer } from 'node:http'
import sharp from 'sharp'
import { normalisePicture } from '../../services/image-worker/picture/normalise.ts'
import { targetSize } from '../../services/image-worker/picture/target-size.ts'
import { createLocalBackgroundProvider } from '../../services/image-worker/providers/local/local-background-provider.ts'
import { createLocalUpscaleProvider } from '../../services/image-worker/providers/local/local-upscale-provider.ts'

/** What the image worker is configured to where nothing is said. */
const rule = { factor: 2, maxSide: 4096, maxPixels: 64_000_000 }
const original = readFileSync(process.env.PICTURE ?? '')
const workerFile = new URL('../../services/image-worker/providers/local/segmentation-worker.ts', import.meta.url)
const background = createLocalBackgroundProvider({ workerFile })
const upscaler = createLocalUpscaleProvider()
const call = { signal: new AbortController().signal, jobId: 'bench' }

async function makeShowcase(): Promise<Buffer> {
  const { image } = await normalisePicture(original, rule)
  const cutOut = (await background.removeBackground(image, call)).image
  const upscaled = (await upscaler.upscale(cutOut, targetSize(cutOut, rule), call)).image
  return await sharp(upscaled.bytes).toColourspace('srgb').png({ compressionLevel: 6 }).toBuffer()
}

createServer((request, response) => {
  if (request.method !== 'POST') return void response.writeHead(204).end()
  makeShowcase().then(
    () => response.writeHead(204).end(),
    (error: unknown) => response.writeHead(500).end(String(error)),
  )
}).listen(Number(process.env.PORT), '127.0.0.1')
process.on('SIGTERM', () => process.exit(0))
