import sharp from 'sharp'
import { type PictureFault, readPicture } from '../../../../../services/image-worker/providers/read-picture.ts'
import { endlessProfile, packedTexts } from '../../../../integration/services/image-worker/bad-input/bombs.ts'
import { blackPng } from '../../../../integration/services/image-worker/bad-input/make-png.ts'

const png = () =>
  sharp({ create: { width: 12, height: 8, channels: 3, background: '#e66e28' } })
    .png()
    .toBuffer()

const read = (bytes: Buffer) =>
  readPicture({
    answer: { bytes, contentType: 'image/png' },
    types: ['image/png'],
    reject: ({ what }: PictureFault) => new Error(what),
  })

test('an answer that nothing is wrong with keeps its bytes', async () => {
  const bytes = await png()
  expect(await read(bytes)).toEqual({ bytes, contentType: 'image/png', width: 12, height: 8, hasAlpha: false })
})

test.each([
  ['pixels', blackPng({ width: 16_000, height: 16_001, colour: 'grey', bits: 8 }), 'it has 16000 × 16001 pixels'],
  [
    'depth',
    blackPng({ width: 5_700, height: 5_700, colour: 'rgba', bits: 16, interlaced: true }),
    'it has 5700 × 5700 pixels',
  ],
])('an answer of too many %s is refused before it is decoded', async (_what, bytes, sentence) => {
  await expect(read(bytes)).rejects.toThrow(sentence)
})

test('an answer loses its texts, and one whose colours would take an hour is refused', async () => {
  const bytes = await png()
  expect((await read(packedTexts(bytes, 3))).bytes.equals(bytes)).toBe(true)
  await expect(read(endlessProfile(bytes, 900_000))).rejects.toThrow('its colour profile would take too long')
})
