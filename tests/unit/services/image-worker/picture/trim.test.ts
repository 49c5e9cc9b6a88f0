import sharp from 'sharp'
import { trimToSubject } from '../../../../../services/image-worker/picture/trim.ts'
import type { ProviderImage } from '../../../../../services/image-worker/providers/provider.ts'

interface Box {
  left: number
  top: number
  width: number
  height: number
}

/** A transparent picture of 200 × 100 with a red box in it. */
async function cutOut(box: Box, alpha = 1): Promise<ProviderImage> {
  const { left, top, width, height } = box
  const svg = `<svg width="200" height="100"><rect x="${left}" y="${top}" width="${width}" height="${height}" fill="rgba(255,0,0,${alpha})"/></svg>`
  const clear = { width: 200, height: 100, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } } as const
  const bytes = await sharp({ create: clear })
    .composite([{ input: Buffer.from(svg) }])
    .png()
    .toBuffer()
  return { bytes, contentType: 'image/png', width: 200, height: 100 }
}

test.each<[what: string, box: Box, marginShare: number, size: [width: number, height: number]]>([
  ['the subject’s box', { left: 20, top: 30, width: 50, height: 40 }, 0, [50, 40]],
  ['a margin of the longer side, on every edge', { left: 20, top: 30, width: 50, height: 40 }, 0.1, [60, 50]],
  ['no margin beyond the picture', { left: 0, top: 58, width: 50, height: 40 }, 0.1, [55, 47]],
  ['the whole picture where the subject fills it', { left: 0, top: 0, width: 200, height: 100 }, 0, [200, 100]],
  ['a subject at the picture’s edges', { left: 0, top: 0, width: 200, height: 10 }, 0, [200, 10]],
])('keeps %s', async (_, box, marginShare, [width, height]) => {
  const trimmed = await trimToSubject(await cutOut(box), marginShare)
  expect(trimmed).toMatchObject({ width, height, contentType: 'image/png' })
  const { data, info } = await sharp(trimmed.bytes).raw().toBuffer({ resolveWithObject: true })
  expect(info).toMatchObject({ width, height, channels: 4 })
  const opaque = data.filter((value, index) => index % 4 === 3 && value === 255).length
  expect(opaque).toBe(box.width * box.height)
})

test('haze around the subject does not count as subject', async () => {
  const haze = await cutOut({ left: 0, top: 0, width: 200, height: 100 }, 0.04)
  const subject = await cutOut({ left: 20, top: 30, width: 50, height: 40 })
  const bytes = await sharp(haze.bytes)
    .composite([{ input: subject.bytes }])
    .png()
    .toBuffer()
  expect(await trimToSubject({ ...haze, bytes }, 0)).toMatchObject({ width: 50, height: 40 })
})

test('a picture without a subject, and one without alpha, come back as they are', async () => {
  const empty = await cutOut({ left: 0, top: 0, width: 0, height: 0 })
  expect(await trimToSubject(empty, 0)).toBe(empty)
  const opaque = { ...empty, bytes: await sharp(empty.bytes).removeAlpha().png().toBuffer() }
  expect(await trimToSubject(opaque, 0)).toBe(opaque)
})

test.each([
  [1, 1],
  [2, 2],
  [3, 2],
  [1, 500],
])('a cut-out of %i × %i, too thin to be looked through, comes back as it is', async (width, height) => {
  const half = { r: 200, g: 0, b: 0, alpha: 0.5 }
  const bytes = await sharp({ create: { width, height, channels: 4, background: half } })
    .png()
    .toBuffer()
  const thin: ProviderImage = { bytes, contentType: 'image/png', width, height }
  expect(await trimToSubject(thin, 0.05)).toBe(thin)
})
