import sharp from 'sharp'
import { findSubject } from './find-subject.ts'
import { toColourPlanes } from './guided-alpha.ts'
import { paintCutout } from './paint-cutout.ts'
import { toSubjectMatte } from './subject-matte.ts'

/** Pixels on which the subject is looked for, and on which its outline is refined. More of them cost time, not quality. */
const SEARCH_PIXELS = 80_000
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
  const search = await decodeSmall(bytes, width, height, SEARCH_PIXELS)
  checkpoint()
  const found = findSubject(search)
  checkpoint()
  const full = await sharp(bytes).ensureAlpha().toColourspace('srgb').raw().toBuffer({ resolveWithObject: true })
  if (full.info.width !== width || full.info.height !== height) {
    throw new RangeError(`The picture has ${full.info.width}×${full.info.height} pixels, not ${width}×${height}.`)
  }
  checkpoint()
  if (found !== null) {
    const guide = await decodeSmall(bytes, width, height, GUIDE_PIXELS)
    const mask = await enlargeMask(found, search, guide)
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

async function decodeSmall(bytes: Uint8Array, width: number, height: number, pixels: number) {
  const scale = Math.min(1, Math.sqrt(pixels / (width * height)))
  const small = { width: Math.max(1, Math.round(width * scale)), height: Math.max(1, Math.round(height * scale)) }
  const rgb = await sharp(bytes)
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
