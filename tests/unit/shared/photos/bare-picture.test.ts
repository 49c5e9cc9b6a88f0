import { crc32, deflateSync } from 'node:zlib'
import sharp from 'sharp'
import { barePicture } from '#shared/photos/bare-picture.ts'
import { isCostlyProfile } from '#shared/photos/colour-profile.ts'

const canvas = () => sharp({ create: { width: 12, height: 8, channels: 3, background: '#e66e28' } })

function pngChunk(type: string, data: Buffer): Buffer {
  const body = Buffer.concat([Buffer.from(type, 'latin1'), data])
  const [length, crc] = [Buffer.alloc(4), Buffer.alloc(4)]
  length.writeUInt32BE(data.length)
  crc.writeUInt32BE(crc32(body))
  return Buffer.concat([length, body, crc])
}

/** The chunks behind IHDR. */
function withChunks(png: Buffer, ...chunks: Buffer[]): Buffer {
  return Buffer.concat([png.subarray(0, 33), ...chunks, png.subarray(33)])
}

function pngTypes(png: Buffer): string[] {
  const types: string[] = []
  for (let at = 8; at < png.length; at += 12 + png.readUInt32BE(at)) types.push(png.toString('latin1', at + 4, at + 8))
  return types
}

function webpTypes(webp: Buffer): string[] {
  const types: string[] = []
  for (let at = 12; at < webp.length; ) {
    types.push(webp.toString('latin1', at, at + 4))
    const size = webp.readUInt32LE(at + 4)
    at += 8 + size + (size % 2)
  }
  return types
}

const packed = deflateSync(Buffer.alloc(100_000, 'a'))
const texts = [
  pngChunk('tEXt', Buffer.from('Comment\0plain', 'latin1')),
  pngChunk('zTXt', Buffer.concat([Buffer.from('Comment\0\0', 'latin1'), packed])),
  pngChunk('iTXt', Buffer.concat([Buffer.from('Comment\0\x01\0\0\0', 'latin1'), packed])),
]

test('a PNG loses its texts and keeps what its pixels look like, which way up and all', async () => {
  const png = await canvas().withIccProfile('p3').withMetadata({ orientation: 6 }).png().toBuffer()
  const bare = barePicture(withChunks(png, ...texts, pngChunk('gAMA', Buffer.from([0, 0, 0xb1, 0x8f])), ...texts))
  expect(pngTypes(bare)).toEqual(expect.arrayContaining(['IHDR', 'gAMA', 'iCCP', 'eXIf', 'IDAT', 'IEND']))
  expect(pngTypes(bare).filter((type) => type.endsWith('Xt'))).toEqual([])
  expect(await sharp(bare).metadata()).toMatchObject({ orientation: 6, icc: expect.anything() })
  const upright = (bytes: Buffer) => sharp(bytes).autoOrient().raw().toBuffer()
  expect((await upright(bare)).equals(await upright(png))).toBe(true)
})

test('an animated WebP keeps its first frame only', async () => {
  const second = await canvas().negate().png().toBuffer()
  const first = await canvas().png().toBuffer()
  const frames = sharp([first, second, first], { join: { animated: true } })
  const webp = await frames.webp({ lossless: true }).toBuffer()
  expect(webpTypes(webp).filter((type) => type === 'ANMF')).toHaveLength(3)
  const bare = barePicture(webp)
  expect(webpTypes(bare)).toEqual(['VP8X', 'ANIM', 'ANMF'])
  expect(bare.readUInt32LE(4)).toBe(bare.length - 8)
  const pixels = (bytes: Buffer) => sharp(bytes, { failOn: 'error', pages: 1 }).removeAlpha().raw().toBuffer()
  expect((await pixels(bare)).equals(await pixels(webp))).toBe(true)
})

test('an animated GIF keeps its first frame only, what stands before it and the trailer', async () => {
  const first = await canvas().png().toBuffer()
  const second = await canvas().negate().png().toBuffer()
  const gif = await sharp([first, second, first], { join: { animated: true } })
    .gif({ loop: 3 })
    .toBuffer()
  expect((await sharp(gif).metadata()).pages).toBe(3)
  const bare = barePicture(gif)
  expect((await sharp(bare, { failOn: 'error' }).metadata()).pages ?? 1).toBe(1)
  expect(gif.subarray(0, bare.length - 1).equals(bare.subarray(0, -1))).toBe(true)
  expect(bare.at(-1)).toBe(0x3b)
  const pixels = (bytes: Buffer) => sharp(bytes, { failOn: 'error', pages: 1 }).raw().toBuffer()
  expect((await pixels(bare)).equals(await pixels(gif))).toBe(true)
})

interface TiffLayout {
  isBig: boolean
  isLittleEndian: boolean
}

const tiffLayouts: TiffLayout[] = [true, false].flatMap((isBig) =>
  [true, false].map((isLittleEndian) => ({ isBig, isLittleEndian })),
)

/** Grey pages of one pixel, each as bright as its number: the header, then each page's directory and pixel. */
function tiff(pages: number, { isBig, isLittleEndian }: TiffLayout): Buffer {
  const number = (value: number, sizeBytes: number) => {
    const bytes = Buffer.alloc(sizeBytes)
    bytes.writeUInt32BE(value, sizeBytes - 4)
    return isLittleEndian ? bytes.reverse() : bytes
  }
  const short = (value: number) => number(value, 4).subarray(isLittleEndian ? 0 : 2, isLittleEndian ? 2 : 4)
  const wide = (value: number) => number(value, isBig ? 8 : 4)
  // Of type LONG; a value stands at the beginning of its field.
  const entry = (tag: number, value: number) =>
    Buffer.concat([short(tag), short(4), wide(1), number(value, 4), Buffer.alloc(isBig ? 4 : 0)])
  const order = Buffer.from(isLittleEndian ? 'II' : 'MM')
  const header = isBig ? [order, short(43), short(8), short(0), wide(16)] : [order, short(42), wide(8)]
  const headerBytes = isBig ? 16 : 8
  const directoryBytes = isBig ? 8 + 8 * 20 + 8 : 2 + 8 * 12 + 4
  const directories = Array.from({ length: pages }, (_, index) => {
    const pixelAt = headerBytes + index * (directoryBytes + 2) + directoryBytes
    const fields = [
      [256, 1],
      [257, 1],
      [258, 8],
      [259, 1],
      [262, 1],
      [273, pixelAt],
      [278, 1],
      [279, 1],
    ] as const
    return Buffer.concat([
      isBig ? wide(fields.length) : short(fields.length),
      ...fields.map(([tag, value]) => entry(tag, value)),
      wide(index + 1 < pages ? pixelAt + 2 : 0),
      Buffer.from([index + 1, 0]),
    ])
  })
  return Buffer.concat([...header, ...directories])
}

test.each(tiffLayouts)('a TIFF of many pages keeps its first alone: %o', async (layout) => {
  const pages = tiff(1000, layout)
  expect((await sharp(pages).metadata()).pages).toBe(1000)
  const bare = barePicture(pages)
  const page = sharp(bare, { failOn: 'error', pages: 1 })
  expect(await page.metadata()).toMatchObject({ pages: 1, width: 1, height: 1 })
  expect([...(await page.extractChannel(0).raw().toBuffer())]).toEqual([1])
  expect(bare.length).toBe(pages.length)
  expect((await sharp(pages).metadata()).pages).toBe(1000)
})

test.each(tiffLayouts)('a TIFF of one page, or cut short in its first directory, is left as it is: %o', (layout) => {
  const page = tiff(1, layout)
  expect(barePicture(page)).toBe(page)
  for (const length of [4, 6, 10, 17, 60, 100]) {
    const cut = tiff(2, layout).subarray(0, length)
    expect(barePicture(cut)).toBe(cut)
  }
})

test.each([0, 13, 14, 30])('a GIF that ends after %i bytes more than its name is left as it is', async (length) => {
  const gif = (await canvas().gif().toBuffer()).subarray(0, 6 + length)
  expect(barePicture(gif)).toBe(gif)
})

test('a picture with nothing to leave out is the same buffer, of whatever kind it is', async () => {
  const kinds = await Promise.all([
    canvas().png().toBuffer(),
    canvas().webp().toBuffer(),
    canvas().jpeg().toBuffer(),
    canvas().gif().toBuffer(),
  ])
  for (const bytes of [...kinds, Buffer.alloc(0), Buffer.from('RIFF')]) expect(barePicture(bytes)).toBe(bytes)
})

test('what is cut short stays cut short', async () => {
  const png = withChunks(await canvas().png().toBuffer(), ...texts)
  const frames = sharp([await canvas().png().toBuffer(), await canvas().negate().png().toBuffer()], {
    join: { animated: true },
  })
  const webp = Buffer.concat([await frames.webp({ lossless: true }).toBuffer(), Buffer.from('ABCD')])
  webp.writeUInt32LE(webp.length + 100, 4)
  for (const bytes of [png.subarray(0, png.length - 20), webp]) {
    const bare = barePicture(bytes)
    expect(bare.length).toBeLessThan(bytes.length)
    await expect(sharp(bare, { failOn: 'error', pages: 1 }).raw().toBuffer()).rejects.toThrow()
  }
})

test('a length that reaches beyond the file is no chunk', async () => {
  const png = withChunks(await canvas().png().toBuffer(), ...texts)
  const lying = Buffer.from(png)
  lying.writeUInt32BE(0xff_ff_ff_ff, 33)
  expect(barePicture(lying)).toBe(lying)
})

test('a profile of float elements is costly, the usual ones are not', async () => {
  const { icc } = await sharp(await canvas().withIccProfile('p3').png().toBuffer()).metadata()
  expect([isCostlyProfile(icc), isCostlyProfile(undefined)]).toEqual([false, false])
  expect(isCostlyProfile(Buffer.concat([Buffer.alloc(200), Buffer.from('mpet\0\0\0\0')]))).toBe(true)
})
