import { readFile } from 'node:fs/promises'
import { gzipSync } from 'node:zlib'
import sharp, { type Sharp } from 'sharp'
import { endlessAnimation, endlessProfile, packedMarkup, packedTexts } from './bombs.ts'
import { blackPng, commentBomb, shortPng } from './make-png.ts'

/** What becomes of an upload: a published picture of a size, or a code that people read. */
export type Outcome = { width: number; height: number; middle?: Colour } | { code: string }

type Colour = readonly [red: number, green: number, blue: number]

export interface BadInput {
  name: string
  contentType?: string
  bytes: () => Promise<Buffer> | Buffer
  outcome: Outcome
  /** Text that must not be found in what is published. */
  never?: string
}

const orange: Colour = [230, 110, 40]
const payload = '<script>alert(document.domain)</script>'

/** 48 × 32: something orange in the middle of nearly white; the result is twice as large. */
function plain(): Sharp {
  const [r, g, b] = orange
  const subject = { create: { width: 24, height: 16, channels: 3, background: { r, g, b } } } as const
  return sharp({ create: { width: 48, height: 32, channels: 3, background: '#f6f6f6' } }).composite([
    { input: subject, left: 12, top: 8 },
  ])
}

const whole = { width: 96, height: 64, middle: orange } as const
const refused = (code: string) => ({ code })

const jpeg = () => plain().jpeg({ quality: 95 }).toBuffer()
const png = () => plain().png().toBuffer()
const svg = `<svg xmlns="http://www.w3.org/2000/svg" width="64" height="64"><script>1</script><circle r="9"/></svg>`

async function frames(): Promise<Sharp> {
  const second = await plain().negate().png().toBuffer()
  return sharp([await png(), second], { join: { animated: true } })
}

/** HEVC in the same container as AVIF: there is no encoder here, so an AVIF gets HEIC's names. */
async function heic(): Promise<Buffer> {
  const avif = await plain().avif({ effort: 0 }).toBuffer()
  const names = { avif: 'heic', miaf: 'hevc', MA1A: 'heix', MA1B: 'heix', av01: 'hvc1', av1C: 'hvcC' }
  let text = avif.toString('latin1')
  for (const [from, to] of Object.entries(names)) text = text.replaceAll(from, to)
  return Buffer.from(text, 'latin1')
}

async function cutShort(bytes: Promise<Buffer>, share = 0.6): Promise<Buffer> {
  const all = await bytes
  return all.subarray(0, Math.floor(all.length * share))
}

async function photo(width: number, height: number, orientation: number): Promise<Buffer> {
  const demo = await readFile(new URL('../../../../../docs/images/demo.jpg', import.meta.url))
  return await sharp(demo)
    .resize(width, height, { fit: 'fill', kernel: 'nearest' })
    .withMetadata({ orientation })
    .jpeg({ quality: 70 })
    .toBuffer()
}

/** A small progressive JPEG whose header (SOF2, ITU T.81 B.2.2) says that it is a large one. */
async function claimedProgressive(width: number, height: number): Promise<Buffer> {
  const bytes = await plain().jpeg({ progressive: true, chromaSubsampling: '4:4:4' }).toBuffer()
  const frame = bytes.indexOf(Buffer.from([0xff, 0xc2]))
  bytes.writeUInt16BE(height, frame + 5)
  bytes.writeUInt16BE(width, frame + 7)
  return bytes
}

/** The table: each kind of file that people upload by accident or on purpose, and what becomes of it. */
export const badInputs: BadInput[] = [
  { name: 'zero bytes', bytes: () => Buffer.alloc(0), outcome: refused('image.empty') },
  { name: 'noise', bytes: () => Buffer.alloc(4096, 0xa7), outcome: refused('image.not-a-picture') },
  { name: 'SVG named .png', bytes: () => Buffer.from(svg), outcome: refused('image.not-a-picture') },
  { name: 'packed SVG (svgz)', bytes: () => gzipSync(svg), outcome: refused('image.unsupported') },
  {
    name: 'SVG in UTF-16',
    bytes: () => Buffer.from(`\ufeff${svg}`, 'utf16le'),
    outcome: refused('image.not-a-picture'),
  },
  {
    name: 'HTML named .png',
    bytes: () => Buffer.from(`<!DOCTYPE html><html><body>${payload}</body></html>`),
    outcome: refused('image.not-a-picture'),
  },
  { name: 'PDF', bytes: () => Buffer.from('%PDF-1.7\n1 0 obj\n'), outcome: refused('image.not-a-picture') },
  { name: 'truncated JPEG', bytes: () => cutShort(photo(600, 400, 1)), outcome: refused('image.damaged') },
  { name: 'truncated PNG', bytes: () => cutShort(png(), 0.8), outcome: refused('image.damaged') },
  { name: 'truncated WebP', bytes: () => cutShort(plain().webp().toBuffer(), 0.8), outcome: refused('image.damaged') },
  { name: 'PNG with rows missing', bytes: shortPng, outcome: refused('image.damaged') },
  {
    name: '30000 × 30000 PNG bomb',
    bytes: () => blackPng({ width: 30_000, height: 30_000, colour: 'rgb', bits: 8 }),
    outcome: refused('image.too-many-pixels'),
  },
  {
    name: 'PNG with a comment of 1 GiB',
    bytes: async () => blackPng({ width: 64, height: 64, colour: 'rgb', bits: 8, extra: [commentBomb(2 ** 30)] }),
    outcome: { width: 128, height: 128 },
  },
  {
    name: 'PNG with 400 texts of 8 MB (3 GB)',
    bytes: async () => packedTexts(await png(), 400),
    outcome: whole,
  },
  {
    name: 'PNG with a profile of 900,000 float elements (an hour and more)',
    bytes: async () => endlessProfile(await png(), 900_000),
    outcome: whole,
  },
  {
    name: 'animated WebP of 300,000 frames (minutes)',
    bytes: async () => endlessAnimation(300_000),
    outcome: { width: 96, height: 64 },
  },
  {
    name: 'packed SVG of 900,000 circles (1.5 GB)',
    bytes: () => packedMarkup(900_000),
    outcome: refused('image.unsupported'),
  },
  {
    name: 'PNG at the pixel limit, 16-bit RGBA, interlaced (512 MB of pixels)',
    bytes: () => blackPng({ width: 8_000, height: 8_000, colour: 'rgba', bits: 16, interlaced: true }),
    outcome: refused('image.too-heavy'),
  },
  {
    name: '60-megapixel photo, on its side',
    bytes: () => photo(9_000, 6_666, 6),
    outcome: { width: 3034, height: 4096 },
  },
  {
    name: 'progressive 60-megapixel JPEG with full chroma (360 MB of coefficients)',
    bytes: () => claimedProgressive(9_000, 6_666),
    outcome: refused('image.too-heavy'),
  },
  {
    name: '1 × 1',
    bytes: () =>
      sharp({ create: { width: 1, height: 1, channels: 3, background: 'red' } })
        .png()
        .toBuffer(),
    outcome: { width: 2, height: 2 },
  },
  {
    name: '1 × 500',
    bytes: () => blackPng({ width: 1, height: 500, colour: 'grey', bits: 8 }),
    outcome: { width: 2, height: 1000 },
  },
  {
    name: 'nothing but transparency',
    bytes: () => blackPng({ width: 40, height: 30, colour: 'rgba', bits: 8 }),
    outcome: { width: 80, height: 60 },
  },
  {
    name: 'a finished cut-out',
    bytes: async () => {
      const [r, g, b] = orange
      const subject = { create: { width: 24, height: 16, channels: 4, background: { r, g, b, alpha: 1 } } } as const
      const clear = { r: 0, g: 0, b: 0, alpha: 0 }
      return await sharp({ create: { width: 48, height: 32, channels: 4, background: clear } })
        .composite([{ input: subject, left: 12, top: 8 }])
        .png()
        .toBuffer()
    },
    outcome: whole,
  },
  { name: '16-bit PNG', bytes: () => plain().toColourspace('rgb16').png().toBuffer(), outcome: whole },
  { name: 'CMYK JPEG', bytes: () => plain().toColourspace('cmyk').jpeg({ quality: 95 }).toBuffer(), outcome: whole },
  { name: 'grey JPEG', bytes: () => plain().greyscale().jpeg().toBuffer(), outcome: { width: 96, height: 64 } },
  { name: 'palette PNG', bytes: () => plain().png({ palette: true }).toBuffer(), outcome: whole },
  { name: 'Display P3', bytes: () => plain().withIccProfile('p3').png().toBuffer(), outcome: whole },
  { name: 'animated WebP', bytes: async () => (await frames()).webp({ lossless: true }).toBuffer(), outcome: whole },
  { name: 'animated GIF', bytes: async () => (await frames()).gif().toBuffer(), outcome: whole },
  { name: 'TIFF', bytes: () => plain().tiff().toBuffer(), outcome: whole },
  { name: 'AVIF', bytes: () => plain().avif({ quality: 90, effort: 0 }).toBuffer(), outcome: whole },
  { name: 'HEIC', bytes: heic, outcome: refused('image.unsupported') },
  {
    name: 'JPEG with a page behind it',
    contentType: 'text/html',
    bytes: async () => Buffer.concat([await jpeg(), Buffer.from(payload)]),
    outcome: whole,
    never: payload,
  },
  {
    name: 'PNG with a page in its metadata',
    bytes: async () =>
      await plain()
        .withExif({ IFD0: { Copyright: payload } })
        .png()
        .toBuffer(),
    outcome: whole,
    never: payload,
  },
  {
    name: 'GIF that is a script, too',
    contentType: 'text/javascript',
    bytes: async () => {
      const gif = await plain().gif().toBuffer()
      return Buffer.concat([gif, Buffer.from(`*/=1;${payload}`)])
    },
    outcome: whole,
    never: payload,
  },
]
