import sharp, { type Sharp } from 'sharp'
import { findSubject, type SmallPicture } from './find-subject.ts'
import { toColourPlanes } from './guided-alpha.ts'
import { mostAgreedMask } from './most-agreed-mask.ts'
import { paintCutout } from './paint-cutout.ts'
import { toSubjectMatte } from './subject-matte.ts'

/**
 * Pixels on which the subject is looked for. The search is a chain of decisions that may tip over at one size and not at
 * another, so that several sizes vote; the middle one comes first and wins when all disagree.
 */
const SEARCH_PIXELS = [80_000, 55_000, 40_000]
/** Pixels on which its outline is refined. */
const GUIDE_PIXELS = 500_000

/**
 * Cuts the subject out of an encoded picture; answers an RGBA PNG of the same size. `checkpoint` is called between the
 * phases and may throw to stop the work. Where nothing stands out the picture comes back whole and opaque.
 */
export async function cutOut(
  bytes: Uint8Array,
  width: number,
  height: number,
  checkpoint: () => void,
): Promise<Uint8Array> {
  const guide = await decodeSmall(sharp(bytes), width, height, GUIDE_PIXELS)
  checkpoint()
  const mask = await findMask(guide, checkpoint)
  const full = await sharp(bytes).ensureAlpha().toColourspace('srgb').raw().toBuffer({ resolveWithObject: true })
  if (full.info.width !== width || full.info.height !== height) {
    throw new RangeError(`The picture has ${full.info.width}×${full.info.height} pixels, not ${width}×${height}.`)
  }
  checkpoint()
  if (mask !== null) {
    const matte = toSubjectMatte(toColourPlanes(guide.rgb, guide.width, guide.height), mask)
    checkpoint()
    paintCutout(full.data, width, height, matte)
    checkpoint()
  }
  // Level 3 of zlib: a third of the time of level 6 for a few per cent more bytes, and the next step decodes it at once.
  const png = await sharp(full.data, { raw: { width, height, channels: 4 } })
    .png({ compressionLevel: 3 })
    .toBuffer()
  // A copy of its own: sharp's memory can't be handed to another thread.
  return new Uint8Array(png)
}

async function findMask(guide: SmallPicture, checkpoint: () => void): Promise<Uint8Array | null> {
  const { width, height } = guide
  const masks: Uint8Array[] = []
  for (const pixels of SEARCH_PIXELS) {
    const picture = sharp(guide.rgb, { raw: { width, height, channels: 3 } })
    const search = await decodeSmall(picture, width, height, pixels)
    const found = findSubject(search)
    if (found !== null) masks.push(await enlargeMask(found, search, guide))
    checkpoint()
  }
  return masks.length > SEARCH_PIXELS.length / 2 ? mostAgreedMask(masks) : null
}

async function decodeSmall(picture: Sharp, width: number, height: number, pixels: number): Promise<SmallPicture> {
  const scale = Math.min(1, Math.sqrt(pixels / (width * height)))
  const small = { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) }
  const rgb = await picture
    .resize(small.width, small.height, { fit: 'fill' })
    .removeAlpha()
    .toColourspace('srgb')
    .raw()
    .toBuffer()
  return { ...small, rgb: new Uint8Array(rgb.buffer, rgb.byteOffset, rgb.length) }
}

async function enlargeMask(
  mask: Uint8Array,
  from: { width: number; height: number },
  to: { width: number; height: number },
): Promise<Uint8Array> {
  const enlarged = await sharp(
    mask.map((value) => value * 255),
    { raw: { width: from.width, height: from.height, channels: 1 } },
  )
    .resize(to.width, to.height, { fit: 'fill', kernel: 'cubic' })
    .toColourspace('b-w')
    .raw()
    .toBuffer()
  return Uint8Array.from(enlarged, (value) => (value > 127 ? 1 : 0))
}
