import sharp from 'sharp'
import { fitForCall } from '../../../../../services/image-worker/providers/fit-for-call.ts'
import type { ProviderImage } from '../../../../../services/image-worker/providers/provider.ts'

async function noise(width: number, height: number, alpha: boolean): Promise<ProviderImage> {
  const raw = Buffer.alloc(width * height * (alpha ? 4 : 3))
  // A fixed sequence, so that sizes are the same in every run.
  for (let index = 0, state = 1; index < raw.byteLength; index++) {
    state = (Math.imul(state, 1_103_515_245) + 12_345) >>> 0
    raw[index] = state >>> 24
  }
  const bytes = await sharp(raw, { raw: { width, height, channels: alpha ? 4 : 3 } })
    .png()
    .toBuffer()
  return { bytes, contentType: 'image/png', width, height }
}

const opaque = await noise(120, 80, false)
const seeThrough = await noise(120, 80, true)
const unlimited = { maxPixels: 1e9, maxBytes: 1e9, provider: 'The provider', codePrefix: 'some' }

test('a picture at the limits is sent as it is', async () => {
  const limits = { ...unlimited, maxPixels: 120 * 80, maxBytes: opaque.bytes.byteLength }
  expect(await fitForCall(opaque, limits)).toBe(opaque)
})

test.each([
  [9_599, 119, 79],
  [2_400, 60, 40],
  [1, 1, 1],
])('at most %d pixels become %d × %d', async (maxPixels, width, height) => {
  const fitted = await fitForCall(opaque, { ...unlimited, maxPixels })
  expect(fitted).toMatchObject({ contentType: 'image/png', width, height })
  expect(await sharp(fitted.bytes).metadata()).toMatchObject({ width, height })
})

test('too many bytes become a JPEG where there is no alpha, a WebP with its alpha where there is', async () => {
  const jpeg = await fitForCall(opaque, { ...unlimited, maxBytes: opaque.bytes.byteLength - 1 })
  expect(jpeg).toMatchObject({ contentType: 'image/jpeg', width: 120, height: 80 })
  const webp = await fitForCall(seeThrough, { ...unlimited, maxBytes: seeThrough.bytes.byteLength - 1 })
  expect(webp).toMatchObject({ contentType: 'image/webp', width: 120, height: 80 })
  expect((await sharp(webp.bytes).metadata()).hasAlpha).toBe(true)
})

test('quality falls only as far as the limit asks', async () => {
  const [at95, at85, at70] = await Promise.all(
    [95, 85, 70].map(async (quality) => {
      const bytes = await sharp(opaque.bytes).jpeg({ quality, chromaSubsampling: '4:4:4' }).toBuffer()
      return bytes.byteLength
    }),
  )
  for (const expected of [at95, at85, at70]) {
    const fitted = await fitForCall(opaque, { ...unlimited, maxBytes: expected! })
    expect(fitted.bytes.byteLength).toBe(expected)
  }
})

test('what no quality makes small enough is refused as this picture, not as this provider', async () => {
  await expect(fitForCall(opaque, { ...unlimited, maxBytes: 500 })).rejects.toMatchObject({
    code: 'some.too-large',
    scope: 'picture',
    retryable: false,
    answered: true,
  })
})
