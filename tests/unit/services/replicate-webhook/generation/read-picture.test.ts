import sharp from 'sharp'
import { readPictureFile } from '../../../../../services/replicate-webhook/generation/read-picture.ts'

const picture = () => sharp({ create: { width: 64, height: 48, channels: 3, background: '#336699' } })

test.each([
  ['png', 'image/png', 'png'],
  ['jpeg', 'image/jpeg', 'jpg'],
  ['webp', 'image/webp', 'webp'],
] as const)('a whole %s is known by its bytes, a cut one is none', async (format, contentType, extension) => {
  const bytes = await picture().toFormat(format).toBuffer()
  expect(readPictureFile(bytes)).toEqual({ contentType, extension })
  for (const share of [0.3, 0.6, 0.95]) {
    expect(readPictureFile(bytes.subarray(0, Math.floor(bytes.length * share)))).toBeNull()
  }
})

test('what an encoder appends behind the end of a JPEG does no harm', async () => {
  const bytes = await picture().jpeg().toBuffer()
  expect(readPictureFile(Buffer.concat([bytes, Buffer.alloc(1000, 'trailer')]))?.extension).toBe('jpg')
})

test.each([
  ['a GIF', async () => await picture().gif().toBuffer()],
  ['a page', async () => Buffer.from('<!doctype html><title>Gone</title>')],
  ['nothing', async () => Buffer.alloc(0)],
  ['the start of a RIFF file', async () => Buffer.from('RIFF')],
] as const)('%s is no picture that is shown', async (_, make) => {
  expect(readPictureFile(await make())).toBeNull()
})
