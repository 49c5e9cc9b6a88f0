import { readFile } from 'node:fs/promises'
import sharp from 'sharp'

/** A picture with a known answer. */
export interface Sample {
  name: string
  width: number
  height: number
  /** Encoded, without alpha. */
  bytes: Buffer
  contentType: 'image/png' | 'image/jpeg'
  /** 1 where the subject is. */
  reference: Uint8Array
}

/** An RGBA picture in memory. */
export interface RgbaPicture {
  width: number
  height: number
  rgba: Buffer
}

const folder = new URL('../../tests/fixtures/images/', import.meta.url)
export const pictureNames = ['animal-1', 'anime-girl-1', 'car-1', 'girl-2'] as const

/** The four real pictures with the reference cut-outs of a neural model. */
export async function loadPictures(): Promise<Sample[]> {
  return Promise.all(
    pictureNames.map(async (name) => {
      const bytes = await readFile(new URL(`${name}.jpg`, folder))
      const { width, height, rgba } = await loadCutout(name)
      const reference = new Uint8Array(width * height)
      for (let i = 0; i < reference.length; i++) reference[i] = (rgba[i * 4 + 3] ?? 0) > 127 ? 1 : 0
      return { name, width, height, bytes, contentType: 'image/jpeg' as const, reference }
    }),
  )
}

/** The reference cut-out of a picture. */
export async function loadCutout(name: string): Promise<RgbaPicture> {
  const { data, info } = await sharp(await readFile(new URL(`${name}.reference-cutout.png`, folder)))
    .ensureAlpha()
    .raw()
    .toBuffer({ resolveWithObject: true })
  return { width: info.width, height: info.height, rgba: data }
}

export function pictureFile(name: string): URL {
  return new URL(`${name}.jpg`, folder)
}

/** Intersection over union of two masks; an `answer` above `threshold` counts as subject. */
export function intersectionOverUnion(answer: Uint8Array, reference: Uint8Array, threshold: number): number {
  let both = 0
  let either = 0
  for (let i = 0; i < reference.length; i++) {
    const said = (answer[i] ?? 0) > threshold
    const is = reference[i] === 1
    if (said && is) both++
    if (said || is) either++
  }
  return either === 0 ? 1 : both / either
}
