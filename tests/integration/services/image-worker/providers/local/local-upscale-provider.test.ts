import sharp from 'sharp'
import { createLocalUpscaleProvider } from '../../../../../../services/image-worker/providers/local/local-upscale-provider.ts'

const provider = createLocalUpscaleProvider()
const call = () => ({ signal: new AbortController().signal, jobId: 'job-1' })

async function whiteDiscOnTransparentBlack(): Promise<Buffer> {
  const rgba = Buffer.alloc(64 * 64 * 4)
  for (let y = 0; y < 64; y++) {
    for (let x = 0; x < 64; x++)
      if (Math.hypot(x - 32, y - 32) < 20) rgba.fill(255, (y * 64 + x) * 4, (y * 64 + x) * 4 + 4)
  }
  return sharp(rgba, { raw: { width: 64, height: 64, channels: 4 } })
    .png()
    .toBuffer()
}

test('enlarges to exactly the wanted size and keeps the alpha', async () => {
  const image = { bytes: await whiteDiscOnTransparentBlack(), contentType: 'image/png', width: 64, height: 64 } as const
  const answer = await provider.upscale(image, { width: 301, height: 257 }, call())
  expect(await sharp(answer.image.bytes).metadata()).toMatchObject({
    format: 'png',
    width: 301,
    height: 257,
    channels: 4,
  })
  expect(answer.image).toMatchObject({ width: 301, height: 257, contentType: 'image/png' })
})

test('leaves no dark fringe where transparent black meets the subject', async () => {
  const image = { bytes: await whiteDiscOnTransparentBlack(), contentType: 'image/png', width: 64, height: 64 } as const
  const answer = await provider.upscale(image, { width: 256, height: 256 }, call())
  const rgba = await sharp(answer.image.bytes).raw().toBuffer()
  let rim = 0
  for (let i = 0; i < rgba.length; i += 4) {
    const alpha = rgba[i + 3]!
    if (alpha > 16 && alpha < 240) rim++
    if (alpha > 16) expect(rgba[i]!).toBeGreaterThan(235)
  }
  expect(rim).toBeGreaterThan(100)
})

test('refuses bytes that are no picture, and an aborted call', async () => {
  const image = { bytes: Buffer.from('nothing'), contentType: 'image/png', width: 1, height: 1 } as const
  await expect(provider.upscale(image, { width: 2, height: 2 }, call())).rejects.toMatchObject({
    code: 'local.unreadable-image',
    retryable: false,
  })
  const aborted = { signal: AbortSignal.abort(new Error('over')), jobId: 'job-1' }
  await expect(provider.upscale(image, { width: 2, height: 2 }, aborted)).rejects.toThrow('over')
})
