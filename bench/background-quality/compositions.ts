import sharp from 'sharp'
import { type Background, backgrounds } from './backgrounds.ts'
import { drawFigure } from './drawn-figures.ts'
import { seededRandom } from './random.ts'
import { loadCutout, pictureNames, type RgbaPicture, type Sample } from './sample.ts'

const CANVASES = [
  { width: 640, height: 640 },
  { width: 512, height: 768 },
  { width: 800, height: 560 },
]

/** Reference cut-outs, moved, scaled and flipped, over every background of which they were not a part. */
export async function composeCutouts(seed: number): Promise<Sample[]> {
  const random = seededRandom(seed)
  const samples: Sample[] = []
  for (const name of pictureNames) {
    const subject = await loadCutout(name)
    for (const background of backgrounds) {
      if (!background.name.includes(name)) samples.push(await compose(name, subject, background, random))
    }
  }
  return samples
}

/** Drawn characters over every background, `perBackground` each. */
export async function composeFigures(seed: number, perBackground: number): Promise<Sample[]> {
  const random = seededRandom(seed)
  const samples: Sample[] = []
  for (const background of backgrounds) {
    for (let k = 0; k < perBackground; k++) {
      samples.push(await compose('figure', await drawFigure(random), background, random))
    }
  }
  return samples
}

async function compose(
  name: string,
  subject: RgbaPicture,
  background: Background,
  random: () => number,
): Promise<Sample> {
  const { width, height } = CANVASES[Math.floor(random() * CANVASES.length)] ?? { width: 640, height: 640 }
  const placed = await place(subject, width, height, random)
  const rgb = await background.paint(width, height, random)
  const reference = new Uint8Array(width * height)
  for (let i = 0; i < reference.length; i++) {
    const alpha = (placed[i * 4 + 3] ?? 0) / 255
    reference[i] = alpha > 0.5 ? 1 : 0
    for (let c = 0; c < 3; c++) {
      rgb[i * 3 + c] = Math.round((placed[i * 4 + c] ?? 0) * alpha + (rgb[i * 3 + c] ?? 0) * (1 - alpha))
    }
  }
  const bytes = await sharp(rgb, { raw: { width, height, channels: 3 } })
    .jpeg({ quality: 92 })
    .toBuffer()
  return { name: `${name} on ${background.name}`, width, height, bytes, contentType: 'image/jpeg', reference }
}

/** The subject on a transparent canvas: two thirds of its height or width, somewhere near the middle, sometimes standing on the edge. */
async function place(subject: RgbaPicture, width: number, height: number, random: () => number): Promise<Buffer> {
  const raw = { width: subject.width, height: subject.height, channels: 4 } as const
  const trimmed = await sharp(subject.rgba, { raw })
    .png()
    .toBuffer()
    .then((png) => sharp(png).trim({ threshold: 1 }).png().toBuffer())
  const share = 0.5 + random() * 0.4
  const flipped = sharp(trimmed).flop(random() < 0.5)
  const { data, info } = await flipped
    .resize(Math.round(width * share), Math.round(height * share), { fit: 'inside' })
    .png()
    .toBuffer({ resolveWithObject: true })
  const standing = random() < 0.4
  const left = Math.round((width - info.width) * (0.25 + random() * 0.5))
  const top = standing ? height - info.height : Math.round((height - info.height) * (0.3 + random() * 0.4))
  return sharp({ create: { width, height, channels: 4, background: { r: 0, g: 0, b: 0, alpha: 0 } } })
    .composite([{ input: data, left, top }])
    .raw()
    .toBuffer()
}
