import { readFile } from 'node:fs/promises'
import sharp from 'sharp'
import type { ProviderImage } from '../../../../../../services/image-worker/providers/provider.ts'
import { cutOutPicture, discPicture, padded, pixelAt } from '../pictures.ts'
import { providerCall, providerFailure } from '../provider-call.ts'
import { type Harness, startHarness } from './harness.ts'

let harness: Harness
beforeEach(async () => {
  harness = await startHarness()
})
afterEach(async () => {
  harness.standIn.assertAllFired()
  await harness.close()
})

/** What a picture is, beside what the provider says it is. */
async function truth(image: ProviderImage) {
  const { format, width, height, hasAlpha } = await sharp(image.bytes).metadata()
  return { contentType: `image/${format}`, width, height, hasAlpha }
}

describe('background removal', () => {
  test('answers the cut-out in the size of the input, with the credits', async () => {
    const { image, credits, remainingCredits } = await harness.background.removeBackground(
      await discPicture(400, 300),
      providerCall(),
    )
    expect(image).toMatchObject({ contentType: 'image/png', width: 400, height: 300 })
    expect(await truth(image)).toEqual({ contentType: 'image/png', width: 400, height: 300, hasAlpha: true })
    expect(await pixelAt(image.bytes, 0.05, 0.05)).toMatchObject({ alpha: 0 })
    expect(await pixelAt(image.bytes, 0.5, 0.5)).toMatchObject({ alpha: 255, red: 0xc0 })
    expect([credits, remainingCredits]).toEqual([1, 99_999])
  })

  test('sends a photo as it is, and asks for the alpha layer to be discarded', async () => {
    const bytes = await readFile('tests/fixtures/images/car-1.jpg')
    const { width, height } = await sharp(bytes).metadata()
    const { image } = await harness.background.removeBackground(
      { bytes, contentType: 'image/jpeg', width, height },
      providerCall(),
    )
    expect(await truth(image)).toEqual({ contentType: 'image/png', width, height, hasAlpha: true })
    expect(harness.standIn.requests[0]).toMatchObject({
      input: { contentType: 'image/jpeg', width, height, sizeBytes: bytes.byteLength },
      fields: { transparency_handling: 'discard_alpha_layer' },
      charged: true,
    })
  })

  test('a picture that has alpha already is really cut out, not given back unchanged', async () => {
    const picture = await cutOutPicture(200, 200)
    const { image } = await harness.background.removeBackground(picture, providerCall())
    expect(image.bytes.equals(picture.bytes)).toBe(false)
    expect(await pixelAt(image.bytes, 0.02, 0.02)).toMatchObject({ alpha: 0 })
    expect(await pixelAt(image.bytes, 0.5, 0.5)).toMatchObject({ alpha: 255 })
  })

  test('a picture over 25 megapixels is sent smaller, and the outline applied to the full one', async () => {
    const picture = await discPicture(6400, 4000)
    const { image } = await harness.background.removeBackground(picture, providerCall())
    const sent = harness.standIn.requests[0]?.input
    expect((sent?.width ?? 0) * (sent?.height ?? 0)).toBeLessThanOrEqual(25_000_000)
    expect((sent?.width ?? 0) / (sent?.height ?? 1)).toBeCloseTo(1.6, 2)
    expect(await truth(image)).toEqual({ contentType: 'image/png', width: 6400, height: 4000, hasAlpha: true })
    const shrunk = await sharp(image.bytes).resize(640, 400).png().toBuffer()
    expect(await pixelAt(shrunk, 0.05, 0.05)).toMatchObject({ alpha: 0 })
    expect(await pixelAt(shrunk, 0.5, 0.5)).toMatchObject({ alpha: 255, red: 0xc0, green: 0x30, blue: 0x20 })
  })

  test('a file over 30 MB is packed tighter in the same size, and keeps its own pixels', async () => {
    const picture = padded(await discPicture(340, 300), 30_000_000)
    const { image } = await harness.background.removeBackground(picture, providerCall())
    expect(harness.standIn.requests[0]?.input).toMatchObject({ contentType: 'image/jpeg', width: 340, height: 300 })
    expect(await truth(image)).toMatchObject({ contentType: 'image/png', width: 340, height: 300, hasAlpha: true })
    const [before, after] = await Promise.all([pixelAt(picture.bytes, 0.5, 0.5), pixelAt(image.bytes, 0.5, 0.5)])
    expect({ ...after, alpha: 255 }).toEqual(before)
  })

  test('an opaque answer is no cut-out', async () => {
    harness.standIn.inject({ fault: { kind: 'no-alpha' }, times: 1 })
    const failing = harness.background.removeBackground(await discPicture(64, 64), providerCall())
    expect(await providerFailure(failing)).toMatchObject({ code: 'clipdrop.bad-answer', answered: false })
  })

  test('a picture that cannot be read is never sent', async () => {
    const broken: ProviderImage = { bytes: Buffer.from('no picture'), contentType: 'image/png', width: 1, height: 1 }
    // Begun one after the other: a failure that nobody waits for yet would fail the test by itself.
    for (const send of [
      () => harness.background.removeBackground(broken, providerCall()),
      () => harness.upscaler.upscale(broken, { width: 2, height: 2 }, providerCall()),
    ]) {
      expect(await providerFailure(send())).toMatchObject({
        code: 'clipdrop.unsendable',
        scope: 'picture',
        answered: true,
      })
    }
    expect(harness.standIn.requests).toHaveLength(0)
  })
})

describe('upscaling', () => {
  test('an opaque picture comes back as the JPEG that it is', async () => {
    const { image, credits } = await harness.upscaler.upscale(
      await discPicture(200, 150),
      { width: 400, height: 300 },
      providerCall(),
    )
    expect(await truth(image)).toEqual({ contentType: 'image/jpeg', width: 400, height: 300, hasAlpha: false })
    expect(image).toMatchObject({ contentType: 'image/jpeg', width: 400, height: 300 })
    expect(credits).toBe(1)
    expect(harness.standIn.requests[0]?.fields).toEqual({ target_width: '400', target_height: '300' })
  })

  test('a transparent one comes back as WebP with its alpha', async () => {
    const { image } = await harness.upscaler.upscale(
      await cutOutPicture(200, 150),
      { width: 400, height: 300 },
      providerCall(),
    )
    expect(await truth(image)).toEqual({ contentType: 'image/webp', width: 400, height: 300, hasAlpha: true })
    expect(image.contentType).toBe('image/webp')
    expect(await pixelAt(image.bytes, 0.05, 0.05)).toMatchObject({ alpha: 0 })
    expect(await pixelAt(image.bytes, 0.5, 0.5)).toMatchObject({ alpha: 255 })
  })

  test('alpha that the answer has lost is upscaled here and joined again', async () => {
    harness.standIn.inject({ fault: { kind: 'no-alpha' }, times: 1 })
    const { image } = await harness.upscaler.upscale(
      await cutOutPicture(200, 150),
      { width: 400, height: 300 },
      providerCall(),
    )
    expect(await truth(image)).toEqual({ contentType: 'image/png', width: 400, height: 300, hasAlpha: true })
    expect(await pixelAt(image.bytes, 0.05, 0.05)).toMatchObject({ alpha: 0 })
    const middle = await pixelAt(image.bytes, 0.5, 0.5)
    expect(middle.alpha).toBe(255)
    expect(Math.abs(middle.red - 0xc0)).toBeLessThan(8)
  })

  test('a target over 4096 is asked for smaller in the same shape, and finished here', async () => {
    const { image } = await harness.upscaler.upscale(
      await discPicture(100, 25),
      { width: 5000, height: 1250 },
      providerCall(),
    )
    expect(harness.standIn.requests[0]?.fields).toEqual({ target_width: '4096', target_height: '1024' })
    expect(await truth(image)).toEqual({ contentType: 'image/png', width: 5000, height: 1250, hasAlpha: false })
  })

  test('a picture over 16 megapixels is sent smaller', async () => {
    await harness.upscaler.upscale(await discPicture(5000, 4000), { width: 1000, height: 800 }, providerCall())
    const sent = harness.standIn.requests[0]?.input
    expect((sent?.width ?? 0) * (sent?.height ?? 0)).toBeLessThanOrEqual(16_000_000)
    expect((sent?.width ?? 0) * (sent?.height ?? 0)).toBeGreaterThan(15_900_000)
  })

  test('an answer of nearly the asked size is brought to it', async () => {
    harness.standIn.inject({ fault: { kind: 'wrong-size', width: 399, height: 300 }, times: 1 })
    const { image } = await harness.upscaler.upscale(
      await discPicture(200, 150),
      { width: 400, height: 300 },
      providerCall(),
    )
    expect(await truth(image)).toMatchObject({ contentType: 'image/png', width: 400, height: 300 })
  })
})
