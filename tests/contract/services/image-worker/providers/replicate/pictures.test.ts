import { readFile } from 'node:fs/promises'
import sharp from 'sharp'
import type { ProviderImage } from '../../../../../../services/image-worker/providers/provider.ts'
import { modelSettings } from '../../../../../../services/image-worker/providers/replicate/model-settings.ts'
import { cutOutPicture, discPicture, padded, pixelAt } from '../pictures.ts'
import { providerCall, providerFailure } from '../provider-call.ts'
import { asked, type Harness, startHarness } from './harness.ts'

let harness: Harness
async function start(...args: Parameters<typeof startHarness>): Promise<Harness> {
  harness = await startHarness(...args)
  return harness
}
afterEach(async () => {
  harness.standIn.assertAllFired()
  await harness.close()
})

/** What a picture is, beside what the provider says it is. */
async function truth(image: ProviderImage) {
  const { format, width, height, hasAlpha } = await sharp(image.bytes).metadata()
  expect(image).toMatchObject({ contentType: `image/${format}`, width, height })
  return { contentType: `image/${format}`, width, height, hasAlpha }
}
const creation = () => harness.standIn.requests.find(({ endpoint }) => endpoint === 'create')
const model = (step: 'BACKGROUND' | 'UPSCALE', name: string, more = {}) =>
  modelSettings({ step, model: name, input: null, output: null, maxPixels: 2_000_000, ...more })

describe('background removal', () => {
  test('answers the cut-out in the size of the input, with the seconds of computing', async () => {
    await start()
    const answer = await harness.background.removeBackground(await discPicture(400, 300), providerCall())
    expect(await truth(answer.image)).toEqual({ contentType: 'image/png', width: 400, height: 300, hasAlpha: true })
    expect(await pixelAt(answer.image.bytes, 0.05, 0.05)).toMatchObject({ alpha: 0 })
    expect(await pixelAt(answer.image.bytes, 0.5, 0.5)).toMatchObject({ alpha: 255, red: 0xc0 })
    expect(answer.credits).toBeGreaterThan(0)
    expect(answer.remainingCredits).toBeNull()
    expect(creation()).toMatchObject({
      model: '851-labs/background-remover',
      input: { format: 'png', threshold: 0, background_type: 'rgba' },
      staged: 'inline',
      charged: true,
    })
  })

  test('uploads a photo as it is, and takes it away again', async () => {
    await start()
    const bytes = padded({ bytes: await readFile('tests/fixtures/images/car-1.jpg') } as ProviderImage, 200_000).bytes
    const { width, height } = await sharp(bytes).metadata()
    const photo = { bytes, contentType: 'image/jpeg', width, height } as const
    const { image } = await harness.background.removeBackground(photo, providerCall())
    expect(await truth(image)).toEqual({ contentType: 'image/png', width, height, hasAlpha: true })
    expect(creation()).toMatchObject({
      staged: 'file',
      picture: { contentType: 'image/jpeg', width, height, sizeBytes: bytes.byteLength },
    })
    expect(asked(harness.standIn)).toMatchObject({ upload: 1, create: 1, output: 1, file: 1 })
  })

  test('a picture that has alpha already is sent without', async () => {
    await start()
    const { image } = await harness.background.removeBackground(await cutOutPicture(200, 200), providerCall())
    expect(creation()?.picture).toMatchObject({ hasAlpha: false })
    expect(await pixelAt(image.bytes, 0.02, 0.02)).toMatchObject({ alpha: 0 })
    expect(await pixelAt(image.bytes, 0.5, 0.5)).toMatchObject({ alpha: 255 })
  })

  test('a picture over the limit is sent smaller, and the outline applied to the full one', async () => {
    await start()
    const { image } = await harness.background.removeBackground(await discPicture(2800, 1750), providerCall())
    const sent = creation()?.picture
    expect((sent?.width ?? 0) * (sent?.height ?? 0)).toBeLessThanOrEqual(4_000_000)
    expect((sent?.width ?? 0) / (sent?.height ?? 1)).toBeCloseTo(1.6, 2)
    expect(await truth(image)).toEqual({ contentType: 'image/png', width: 2800, height: 1750, hasAlpha: true })
    expect(await pixelAt(image.bytes, 0.05, 0.05)).toMatchObject({ alpha: 0 })
    expect(await pixelAt(image.bytes, 0.5, 0.5)).toMatchObject({ alpha: 255, red: 0xc0, green: 0x30, blue: 0x20 })
  })

  test('an answer in a smaller size of the same shape gives its outline', async () => {
    await start()
    harness.standIn.inject({ fault: { kind: 'wrong-size', width: 200, height: 150 }, times: 1 })
    const picture = await discPicture(400, 300)
    const { image } = await harness.background.removeBackground(picture, providerCall())
    expect(await truth(image)).toEqual({ contentType: 'image/png', width: 400, height: 300, hasAlpha: true })
    expect(await pixelAt(image.bytes, 0.5, 0.5)).toMatchObject({ alpha: 255, red: 0xc0 })
    expect(await pixelAt(image.bytes, 0.05, 0.05)).toMatchObject({ alpha: 0 })
  })

  test('an opaque answer is no cut-out', async () => {
    await start()
    harness.standIn.inject({ fault: { kind: 'no-alpha' }, times: 1 })
    const failing = harness.background.removeBackground(await discPicture(64, 64), providerCall())
    expect(await providerFailure(failing)).toMatchObject({ code: 'replicate.bad-picture', answered: false })
  })

  test('a model that answers with a list, and an official one that is run by name', async () => {
    const dis = 'lucataco/dis-background-removal:5b67a0da2b417b71066754fa8550d668a12edccfe3f32de062f7e20ac0b5d55e'
    await start({ background: model('BACKGROUND', dis) })
    const picture = await discPicture(80, 60)
    const { image } = await harness.background.removeBackground(picture, providerCall())
    expect(await truth(image)).toMatchObject({ width: 80, height: 60, hasAlpha: true })
    await harness.close()
    await start({ background: model('BACKGROUND', 'bria/remove-background', { input: { image: '$image' } }) })
    const official = await harness.background.removeBackground(picture, providerCall())
    // Billed by output, so its seconds say nothing about the bill.
    expect(official.credits).toBeNull()
    expect(await truth(official.image)).toMatchObject({ width: 80, height: 60, hasAlpha: true })
  })

  test('a picture that cannot be read is never sent', async () => {
    await start()
    const broken: ProviderImage = { bytes: Buffer.from('no picture'), contentType: 'image/png', width: 1, height: 1 }
    const failing = harness.background.removeBackground(broken, providerCall())
    expect(await providerFailure(failing)).toMatchObject({ code: 'replicate.unsendable', scope: 'picture' })
    expect(harness.standIn.requests).toHaveLength(0)
  })
})

describe('upscaling', () => {
  test.each<[sent: [number, number], target: [number, number], scale: number]>([
    [[100, 75], [200, 150], 2],
    [[100, 75], [250, 188], 3],
    [[100, 75], [400, 300], 4],
    [[100, 75], [800, 600], 4],
    [[100, 75], [100, 75], 2],
    [[100, 75], [60, 45], 2],
  ])('from %j to exactly %j asks for the factor %d', async (from, to, scale) => {
    await start()
    const target = { width: to[0], height: to[1] }
    const { image, credits } = await harness.upscaler.upscale(await discPicture(...from), target, providerCall())
    expect(await truth(image)).toEqual({ contentType: 'image/png', ...target, hasAlpha: false })
    expect(creation()).toMatchObject({ model: 'nightmareai/real-esrgan', input: { scale, face_enhance: false } })
    expect(credits).toBeGreaterThan(0)
  })

  test('a picture beyond the memory of the GPU is sent smaller', async () => {
    await start()
    const target = { width: 3200, height: 2400 }
    const { image } = await harness.upscaler.upscale(await discPicture(2400, 1800), target, providerCall())
    const sent = creation()?.picture
    expect((sent?.width ?? 0) * (sent?.height ?? 0)).toBeLessThanOrEqual(2_000_000)
    expect((sent?.width ?? 0) * (sent?.height ?? 0)).toBeGreaterThan(1_950_000)
    expect(await truth(image)).toMatchObject(target)
  })

  test('alpha is kept here: colours go there alone, and come back under it', async () => {
    await start()
    const target = { width: 400, height: 300 }
    const { image } = await harness.upscaler.upscale(await cutOutPicture(200, 150), target, providerCall())
    expect(creation()?.picture).toMatchObject({ hasAlpha: false, width: 200, height: 150 })
    expect(await truth(image)).toEqual({ contentType: 'image/png', ...target, hasAlpha: true })
    expect(await pixelAt(image.bytes, 0.05, 0.05)).toMatchObject({ alpha: 0 })
    const middle = await pixelAt(image.bytes, 0.5, 0.5)
    expect(middle.alpha).toBe(255)
    expect(Math.abs(middle.red - 0xc0)).toBeLessThan(8)
  })

  test('a model with other fields, and one that answers with a list', async () => {
    const xinntao = 'xinntao/realesrgan:457f5435101937411c960ddc8e2c612e2b0eba59f435ef77d5f27e12dba55902'
    await start({ upscale: model('UPSCALE', xinntao) })
    const target = { width: 120, height: 90 }
    const picture = await discPicture(60, 45)
    expect(await truth((await harness.upscaler.upscale(picture, target, providerCall())).image)).toMatchObject(target)
    expect(creation()).toMatchObject({ model: 'xinntao/realesrgan', input: { version: 'General - v3', scale: 2 } })
    await harness.close()
    const clarity = 'philz1337x/clarity-upscaler:dfad41707589d68ecdccd1dfa600d55a208f9310748e44bfe35b4a6291453d5e'
    await start({ upscale: model('UPSCALE', clarity) })
    expect(await truth((await harness.upscaler.upscale(picture, target, providerCall())).image)).toMatchObject(target)
    expect(creation()).toMatchObject({ input: { scale_factor: 2 } })
  })
})
