import sharp from 'sharp'
import type { Sample } from './sample.ts'

/** Answers a mask (1 subject) of the sample's size. */
export type Baseline = (sample: Sample) => Promise<Uint8Array>

const WORK_SIDE = 512

async function decode(sample: Sample): Promise<{ width: number; height: number; rgb: Buffer }> {
  const { data, info } = await sharp(sample.bytes)
    .resize(WORK_SIDE, WORK_SIDE, { fit: 'inside', withoutEnlargement: true })
    .removeAlpha()
    .toColourspace('srgb')
    .raw()
    .toBuffer({ resolveWithObject: true })
  return { width: info.width, height: info.height, rgb: data }
}

async function enlarge(mask: Uint8Array, width: number, height: number, sample: Sample): Promise<Uint8Array> {
  const enlarged = await sharp(
    mask.map((value) => value * 255),
    { raw: { width, height, channels: 1 } },
  )
    .resize(sample.width, sample.height, { fit: 'fill', kernel: 'linear' })
    .toColourspace('b-w')
    .raw()
    .toBuffer()
  return Uint8Array.from(enlarged, (value) => (value > 127 ? 1 : 0))
}

/** RGB distance up to which a neighbour is taken for more of the same background. */
const FLOOD_TOLERANCE = 32

/** Border flood fill: from every border pixel into neighbours that are like the one before; the rest is subject. */
export const floodFill: Baseline = async (sample) => {
  const { width, height, rgb } = await decode(sample)
  const subject = new Uint8Array(width * height).fill(1)
  const stack: number[] = []
  const take = (i: number): void => {
    if (subject[i] !== 1) return
    subject[i] = 0
    stack.push(i)
  }
  for (let x = 0; x < width; x++) {
    take(x)
    take((height - 1) * width + x)
  }
  for (let y = 0; y < height; y++) {
    take(y * width)
    take(y * width + width - 1)
  }
  const alike = (i: number, j: number): boolean =>
    Math.hypot(
      rgb.readUInt8(i * 3) - rgb.readUInt8(j * 3),
      rgb.readUInt8(i * 3 + 1) - rgb.readUInt8(j * 3 + 1),
      rgb.readUInt8(i * 3 + 2) - rgb.readUInt8(j * 3 + 2),
    ) < FLOOD_TOLERANCE
  for (let i = stack.pop(); i !== undefined; i = stack.pop()) {
    const x = i % width
    if (x > 0 && alike(i, i - 1)) take(i - 1)
    if (x + 1 < width && alike(i, i + 1)) take(i + 1)
    if (i >= width && alike(i, i - width)) take(i - width)
    if (i + width < subject.length && alike(i, i + width)) take(i + width)
  }
  return enlarge(subject, width, height, sample)
}

const RECTANGLE_MARGIN = 0.1
const GRABCUT_ITERATIONS = 3

/** Plain OpenCV GrabCut: a centred rectangle of 80 % of each side, three iterations at 512 pixels. */
export async function loadGrabCut(): Promise<Baseline> {
  const cv = await (await import('@techstark/opencv-js')).default
  return async (sample) => {
    const { width, height, rgb } = await decode(sample)
    const image = new cv.Mat(height, width, cv.CV_8UC3)
    image.data.set(rgb)
    const mask = new cv.Mat()
    const background = new cv.Mat()
    const foreground = new cv.Mat()
    try {
      const rectangle = new cv.Rect(
        Math.round(width * RECTANGLE_MARGIN),
        Math.round(height * RECTANGLE_MARGIN),
        Math.round(width * (1 - 2 * RECTANGLE_MARGIN)),
        Math.round(height * (1 - 2 * RECTANGLE_MARGIN)),
      )
      // OpenCV's generator decides where k-means starts; a fixed seed makes runs comparable.
      cv.setRNGSeed(1)
      cv.grabCut(image, mask, rectangle, background, foreground, GRABCUT_ITERATIONS, cv.GC_INIT_WITH_RECT)
      // GC_FGD is 1 and GC_PR_FGD 3: subject is what has the lowest bit.
      const subject = Uint8Array.from(mask.data as Uint8Array, (value) => value & 1)
      return await enlarge(subject, width, height, sample)
    } finally {
      for (const matrix of [image, mask, background, foreground]) matrix.delete()
    }
  }
}
