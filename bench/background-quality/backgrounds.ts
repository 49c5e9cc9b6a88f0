import { readFile } from 'node:fs/promises'
import sharp from 'sharp'
import { pictureFile } from './sample.ts'

/** Makes a background of the wanted size as raw RGB. */
export interface Background {
  name: string
  paint(width: number, height: number, random: () => number): Promise<Buffer>
}

/** Parts of the real pictures without a subject (left, top, width, height in pixels). */
const emptyParts = [
  { name: 'animal-1', left: 0, top: 0, width: 1000, height: 170 },
  { name: 'anime-girl-1', left: 0, top: 0, width: 270, height: 601 },
  { name: 'car-1', left: 0, top: 50, width: 380, height: 100 },
  { name: 'car-1', left: 340, top: 260, width: 140, height: 50 },
  { name: 'girl-2', left: 0, top: 0, width: 230, height: 478 },
  { name: 'girl-2', left: 480, top: 0, width: 238, height: 478 },
]

const photo = (index: number, blur: number): Background => {
  const part = emptyParts[index]
  if (part === undefined) throw new RangeError(`There is no picture part ${index}.`)
  return {
    name: `photo-${part.name}${blur > 0 ? '-blurred' : ''}`,
    async paint(width, height) {
      const cropped = await sharp(await readPicture(part.name))
        .extract(part)
        .png()
        .toBuffer()
      // Mirrored outwards, so that a flat strip fills a high picture without being stretched.
      const scale = Math.min(width / part.width, height / part.height)
      const near = { width: Math.ceil(part.width * scale), height: Math.ceil(part.height * scale) }
      const tile = await sharp(cropped).resize(near.width, near.height, { fit: 'fill' }).png().toBuffer()
      const extended = await sharp(tile)
        .extend({ right: width - near.width, bottom: height - near.height, extendWith: 'mirror' })
        .png()
        .toBuffer()
      const painted = sharp(extended).removeAlpha().toColourspace('srgb')
      return (blur > 0 ? painted.blur(blur) : painted).raw().toBuffer()
    },
  }
}

async function readPicture(name: string): Promise<Buffer> {
  return sharp(await readFile(pictureFile(name)))
    .png()
    .toBuffer()
}

type Colour = [number, number, number]
const anyColour = (random: () => number): Colour => [random() * 255, random() * 255, random() * 255]

function shade(
  width: number,
  height: number,
  colours: (u: number, v: number, x: number, y: number) => Colour,
): Promise<Buffer> {
  const rgb = Buffer.alloc(width * height * 3)
  for (let y = 0; y < height; y++) {
    for (let x = 0; x < width; x++) {
      rgb.set(
        colours(x / width, y / height, x, y).map((value) => Math.max(0, Math.min(255, Math.round(value)))),
        (y * width + x) * 3,
      )
    }
  }
  return Promise.resolve(rgb)
}

const blend = (from: Colour, to: Colour, t: number): Colour => [
  from[0] + (to[0] - from[0]) * t,
  from[1] + (to[1] - from[1]) * t,
  from[2] + (to[2] - from[2]) * t,
]

const drawn: Background[] = [
  {
    name: 'studio',
    paint(width, height, random) {
      const [centre, corner] = [anyColour(random), anyColour(random)]
      return shade(width, height, (u, v) => {
        const noise = (random() - 0.5) * 6
        const colour = blend(centre, blend(centre, corner, 0.4), Math.hypot(u - 0.5, v - 0.5) * 1.4)
        return [colour[0] + noise, colour[1] + noise, colour[2] + noise]
      })
    },
  },
  {
    name: 'gradient',
    paint(width, height, random) {
      const [first, second] = [anyColour(random), anyColour(random)]
      return shade(width, height, (u, v) => blend(first, second, 0.3 * u + 0.7 * v))
    },
  },
  {
    name: 'stripes',
    paint(width, height, random) {
      const [first, second] = [anyColour(random), anyColour(random)]
      const period = 12 + random() * 50
      return shade(width, height, (_u, _v, x, y) => ((x + 0.4 * y) % period < period / 2 ? first : second))
    },
  },
  {
    name: 'clouds',
    async paint(width, height, random) {
      const [first, second] = [anyColour(random), anyColour(random)]
      const cells = { width: Math.ceil(width / 24), height: Math.ceil(height / 24) }
      const coarse = await shade(cells.width, cells.height, () => blend(first, second, random()))
      return sharp(coarse, { raw: { ...cells, channels: 3 } })
        .resize(width, height, { fit: 'fill', kernel: 'cubic' })
        .raw()
        .toBuffer()
    },
  },
  {
    name: 'horizon',
    paint(width, height, random) {
      const [sky, ground] = [anyColour(random), anyColour(random)]
      const line = 0.4 + random() * 0.3
      return shade(width, height, (_u, v) => {
        const noise = v > line ? (random() - 0.5) * 40 : 0
        const colour = v > line ? blend(ground, sky, (1 - v) * 0.5) : blend(sky, [255, 255, 255], v * 0.6)
        return [colour[0] + noise, colour[1] + noise, colour[2] + noise]
      })
    },
  },
]

/** Every kind of background, from easy to hard. */
export const backgrounds: Background[] = [
  ...drawn,
  photo(0, 0),
  photo(1, 0),
  photo(2, 0),
  photo(3, 0),
  photo(4, 0),
  photo(5, 6),
  photo(2, 4),
]
