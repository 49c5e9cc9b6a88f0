// npx node bench/background-quality.ts: local background removal against reference cut-outs, beside two baselines.
import sharp from 'sharp'
import { createLocalBackgroundProvider } from '../services/image-worker/providers/local/local-background-provider.ts'
import { type Baseline, floodFill, loadGrabCut } from './background-quality/baselines.ts'
import { composeCutouts, composeFigures } from './background-quality/compositions.ts'
import { intersectionOverUnion, loadPictures, type Sample } from './background-quality/sample.ts'

const provider = createLocalBackgroundProvider({
  workerFile: new URL('../services/image-worker/providers/local/segmentation-worker.ts', import.meta.url),
})
const ours = async (sample: Sample): Promise<Uint8Array> => {
  const { image } = await provider.removeBackground(sample, { signal: new AbortController().signal, jobId: 'bench' })
  const alpha = await sharp(image.bytes).extractChannel(3).raw().toBuffer()
  return Uint8Array.from(alpha, (value) => (value > 127 ? 1 : 0))
}

interface Measured {
  scores: number[]
  ms: number
}

async function measure(remove: Baseline, samples: Sample[]): Promise<Measured> {
  const scores: number[] = []
  const start = performance.now()
  for (const sample of samples) scores.push(intersectionOverUnion(await remove(sample), sample.reference, 0.5))
  return { scores, ms: (performance.now() - start) / samples.length }
}

const mean = (values: number[]): number => values.reduce((sum, value) => sum + value, 0) / values.length
const peakMiB = (): number => Math.round(process.resourceUsage().maxRSS / 1024)
const cell = (value: number): string => value.toFixed(3).padStart(9)
const row = (name: string, values: number[]): void => console.log(`${name.padEnd(40)}${values.map(cell).join(' ')}`)

const groups = {
  'real pictures': await loadPictures(),
  'cut-outs over other backgrounds (held out)': await composeCutouts(1),
  'drawn figures (held out)': await composeFigures(2, 2),
}
const [firstPicture] = groups['real pictures']
if (firstPicture === undefined) throw new Error('There are no pictures.')
const large = await sharp(firstPicture.bytes).resize(2048, 2048, { fit: 'cover' }).png().toBuffer()

const startMiB = peakMiB()
const measured = new Map<string, Measured>()
for (const [name, samples] of Object.entries(groups)) measured.set(name, await measure(ours, samples))
const largeStart = performance.now()
await provider.removeBackground(
  { bytes: large, contentType: 'image/png', width: 2048, height: 2048 },
  { signal: new AbortController().signal, jobId: 'bench' },
)
const largeMs = performance.now() - largeStart
const oursMiB = peakMiB()
await provider.close()

const grabCut = await loadGrabCut()
for (const [name, samples] of Object.entries(groups)) {
  const local = measured.get(name) ?? { scores: [], ms: 0 }
  const flood = await measure(floodFill, samples)
  const grab = await measure(grabCut, samples)
  console.log(`\n${`${name}: IoU`.padEnd(40)}    local     flood   grabcut`)
  for (const [i, sample] of samples.entries()) {
    row(sample.name, [local.scores[i] ?? 0, flood.scores[i] ?? 0, grab.scores[i] ?? 0])
  }
  row('mean', [mean(local.scores), mean(flood.scores), mean(grab.scores)])
  row('worst', [Math.min(...local.scores), Math.min(...flood.scores), Math.min(...grab.scores)])
  row('ms a picture', [local.ms, flood.ms, grab.ms])
}
console.log(`\n2048²: ${Math.round(largeMs)} ms from PNG to PNG`)
console.log(`peak RSS: ${startMiB} MiB before, ${oursMiB} MiB after the local provider, ${peakMiB()} MiB after OpenCV`)
