import { readFile } from 'node:fs/promises'
import { monitorEventLoopDelay } from 'node:perf_hooks'
import sharp from 'sharp'
import { createLocalBackgroundProvider } from '../../../../../../services/image-worker/providers/local/local-background-provider.ts'
import type { ProviderImage } from '../../../../../../services/image-worker/providers/provider.ts'

const provider = createLocalBackgroundProvider({
  workerFile: new URL(
    '../../../../../../services/image-worker/providers/local/segmentation-worker.ts',
    import.meta.url,
  ),
})
afterAll(() => provider.close())

const call = () => ({ signal: new AbortController().signal, jobId: 'job-1' })
const fixture = (name: string): Promise<Buffer> =>
  readFile(new URL(`../../../../../fixtures/images/${name}`, import.meta.url))

async function toImage(bytes: Buffer, contentType: ProviderImage['contentType']): Promise<ProviderImage> {
  const { width, height } = await sharp(bytes).metadata()
  return { bytes, contentType, width, height }
}

/** A picture as PNG, `shade` giving the colour of each pixel. */
async function paint(width: number, height: number, shade: (x: number, y: number) => [number, number, number]) {
  const rgb = Buffer.alloc(width * height * 3)
  for (let y = 0; y < height; y++) for (let x = 0; x < width; x++) rgb.set(shade(x, y), (y * width + x) * 3)
  return sharp(rgb, { raw: { width, height, channels: 3 } })
    .png()
    .toBuffer()
}

async function alphaOf(png: Buffer): Promise<Buffer> {
  return sharp(png).extractChannel(3).raw().toBuffer()
}

test.each([
  ['animal-1', 0.88],
  ['anime-girl-1', 0.85],
  ['car-1', 0.78],
  ['girl-2', 0.53],
])('cuts the subject out of %s with an IoU of at least %f', async (name, floor) => {
  const image = await toImage(await fixture(`${name}.jpg`), 'image/jpeg')
  const answer = await provider.removeBackground(image, call())

  const reference = await alphaOf(await fixture(`${name}.reference-cutout.png`))
  const alpha = await alphaOf(answer.image.bytes)
  let both = 0
  let either = 0
  for (const [i, value] of reference.entries()) {
    const [said, is] = [alpha[i]! > 127, value > 127]
    if (said && is) both++
    if (said || is) either++
  }
  expect(both / either).toBeGreaterThanOrEqual(floor)
})

test('answers an RGBA PNG of the same size, free of charge, and the same one every time', async () => {
  const image = await toImage(await fixture('car-1.jpg'), 'image/jpeg')
  const first = await provider.removeBackground(image, call())
  const second = await provider.removeBackground(image, call())

  expect(await sharp(first.image.bytes).metadata()).toMatchObject({
    format: 'png',
    channels: 4,
    width: 480,
    height: 360,
  })
  expect(first).toMatchObject({ credits: null, remainingCredits: null, image: { contentType: 'image/png' } })
  expect(second.image.bytes.equals(first.image.bytes)).toBe(true)
})

test('leaves the event loop free while it works', async () => {
  const image = await toImage(await fixture('animal-1.jpg'), 'image/jpeg')
  await provider.removeBackground(image, call())
  const delay = monitorEventLoopDelay({ resolution: 5 })
  delay.enable()
  const start = performance.now()
  await provider.removeBackground(image, call())
  const workMs = performance.now() - start
  delay.disable()
  // The work is long enough to show up if it ran here, and no single stall is anywhere near as long.
  expect(workMs).toBeGreaterThan(150)
  expect(delay.percentile(99) / 1e6).toBeLessThan(workMs / 3)
})

test('stops when the signal is aborted', async () => {
  const image = await toImage(await fixture('animal-1.jpg'), 'image/jpeg')
  const controller = new AbortController()
  const answer = provider.removeBackground(image, { signal: controller.signal, jobId: 'job-1' })
  controller.abort(new Error('the job was taken over'))
  await expect(answer).rejects.toThrow('the job was taken over')
})

test('says so when the bytes are no picture', async () => {
  const image = { bytes: Buffer.from('<html></html>'), contentType: 'image/png', width: 10, height: 10 } as const
  await expect(provider.removeBackground(image, call())).rejects.toMatchObject({
    code: 'local.unreadable-image',
    retryable: false,
  })
})

test.each<[string, number, number, (x: number, y: number) => [number, number, number]]>([
  ['1×1', 1, 1, () => [200, 10, 10]],
  ['2×1', 2, 1, (x) => [x * 255, 0, 0]],
  ['flat', 300, 200, () => [40, 90, 160]],
  ['white', 64, 64, () => [255, 255, 255]],
  ['one pixel high', 3000, 1, (x) => [x % 256, 128, 30]],
  ['panorama', 4000, 60, (x, y) => [x % 256, (y * 4) % 256, 128]],
  ['noise', 320, 240, (x, y) => [(x * 7919 + y * 104729) % 256, (x * 31 + y * 17389) % 256, (x * y * 13) % 256]],
  ['gradient', 256, 256, (x, y) => [x, y, 128]],
])('never wipes out a whole picture (%s)', async (_name, width, height, shade) => {
  const image = await toImage(await paint(width, height, shade), 'image/png')
  const answer = await provider.removeBackground(image, call())
  const alpha = await alphaOf(answer.image.bytes)
  expect(alpha.length).toBe(width * height)
  const kept = alpha.reduce((count, value) => count + (value > 127 ? 1 : 0), 0)
  expect(kept / alpha.length).toBeGreaterThan(0.005)
})

test('gives a flat picture back opaque', async () => {
  const image = await toImage(await paint(300, 200, () => [40, 90, 160]), 'image/png')
  const answer = await provider.removeBackground(image, call())
  expect((await alphaOf(answer.image.bytes)).every((value) => value === 255)).toBe(true)
})

test('cuts a figure out of a plain backdrop, its rim free of the backdrop’s colour', async () => {
  const disc = Buffer.from(
    '<svg xmlns="http://www.w3.org/2000/svg" width="600" height="600"><rect width="600" height="600" fill="#00c000"/><circle cx="300" cy="320" r="150" fill="#c02020"/></svg>',
  )
  const image = await toImage(await sharp(disc).removeAlpha().png().toBuffer(), 'image/png')
  const answer = await provider.removeBackground(image, call())
  const rgba = await sharp(answer.image.bytes).raw().toBuffer()
  let area = 0
  let greenest = 0
  for (let i = 0; i < rgba.length; i += 4) {
    if (rgba[i + 3]! > 127) area++
    if (rgba[i + 3]! > 40) greenest = Math.max(greenest, rgba[i + 1]!)
  }
  expect(Math.abs(area / (Math.PI * 150 * 150) - 1)).toBeLessThan(0.03)
  expect(greenest).toBeLessThan(80)
})
