import sharp from 'sharp'

type Rgb = readonly [number, number, number]

const quadrants = { topLeft: '#d22', topRight: '#2a2', bottomLeft: '#22d', bottomRight: '#cc2' } as const
const colours: Record<keyof typeof quadrants, Rgb> = {
  topLeft: [221, 34, 34],
  topRight: [34, 170, 34],
  bottomLeft: [34, 34, 221],
  bottomRight: [204, 204, 34],
}
export const upright = { width: 96, height: 64 } as const

/** A disc of four colours, stored as a camera held that way would, with the EXIF orientation that says so. */
export async function turned(orientation: number): Promise<Buffer> {
  const { width, height } = upright
  const svg = `<svg width="${width}" height="${height}"><rect width="100%" height="100%" fill="#f8f8f8"/>
    <path d="M48 32 V8 A24 24 0 0 0 24 32 Z" fill="${quadrants.topLeft}"/>
    <path d="M48 32 H72 A24 24 0 0 0 48 8 Z" fill="${quadrants.topRight}"/>
    <path d="M48 32 H24 A24 24 0 0 0 48 56 Z" fill="${quadrants.bottomLeft}"/>
    <path d="M48 32 V56 A24 24 0 0 0 72 32 Z" fill="${quadrants.bottomRight}"/></svg>`
  let pixels = await sharp(Buffer.from(svg)).png().toBuffer()
  for (const turn of stored[orientation] ?? []) {
    const picture = sharp(pixels)
    pixels = await (turn === 'flop' ? picture.flop() : turn === 'flip' ? picture.flip() : picture.rotate(turn))
      .png()
      .toBuffer()
  }
  return await sharp(pixels)
    .removeAlpha()
    .withMetadata({ orientation })
    .jpeg({ quality: 95, chromaSubsampling: '4:4:4' })
    .toBuffer()
}

/** From upright to stored: the inverse of what the orientation asks for (Exif 2.32, tag 0x0112). */
const stored: Record<number, (number | 'flip' | 'flop')[]> = {
  1: [],
  2: ['flop'],
  3: [180],
  4: ['flip'],
  5: [90, 'flop'],
  6: [270],
  7: [90, 'flip'],
  8: [90],
}

/** The corners of the disc that do not have their colour in a result twice the size. */
export async function wrongCorners(png: Buffer): Promise<string[]> {
  const { data, info } = await sharp(png).removeAlpha().raw().toBuffer({ resolveWithObject: true })
  const at = (x: number, y: number): Rgb => {
    const start = (Math.round(y) * info.width + Math.round(x)) * info.channels
    return [data[start] ?? 0, data[start + 1] ?? 0, data[start + 2] ?? 0]
  }
  const near = (one: Rgb, other: Rgb) => one.every((value, index) => Math.abs(value - (other[index] ?? 0)) < 48)
  const [x, y, away] = [info.width / 2, info.height / 2, 16]
  const found: Record<keyof typeof quadrants, Rgb> = {
    topLeft: at(x - away, y - away),
    topRight: at(x + away, y - away),
    bottomLeft: at(x - away, y + away),
    bottomRight: at(x + away, y + away),
  }
  return Object.entries(found)
    .filter(([corner, colour]) => !near(colour, colours[corner as keyof typeof quadrants]))
    .map(([corner, colour]) => `${corner} is ${colour.join(',')}`)
}
