import sharp from 'sharp'
import type { ProviderImage } from '../providers/provider.ts'

/** Below this alpha a pixel is haze that a provider left, not subject. */
const subjectAlpha = 16
/** libvips looks through a window of as many pixels a side, and refuses a picture that it does not fit into. */
const leastSide = 3

/**
 * Crops a cut-out to the box of its subject, with `marginShare` of the box's longer side around it as far as the picture
 * goes. A picture without alpha, without a subject, filled by it, or thinner than three pixels comes back as it is.
 */
export async function trimToSubject(image: ProviderImage, marginShare: number): Promise<ProviderImage> {
  const { hasAlpha } = await sharp(image.bytes).metadata()
  if (!hasAlpha || Math.min(image.width, image.height) < leastSide) return image
  const box = await subjectBox(image.bytes)
  const margin = Math.ceil(Math.max(box.width, box.height) * marginShare)
  const left = Math.max(0, box.left - margin)
  const top = Math.max(0, box.top - margin)
  const width = Math.min(image.width, box.left + box.width + margin) - left
  const height = Math.min(image.height, box.top + box.height + margin) - top
  if (width === image.width && height === image.height) return image
  const bytes = await sharp(image.bytes)
    .extract({ left, top, width, height })
    .toColourspace('srgb')
    .png({ compressionLevel: 3 })
    .toBuffer()
  return { bytes, contentType: 'image/png', width, height }
}

/** The smallest box around the subject; the whole picture where there is none. libvips looks for it, off the event loop. */
async function subjectBox(bytes: Buffer): Promise<{ left: number; top: number; width: number; height: number }> {
  const { data, info } = await sharp(bytes)
    .extractChannel('alpha')
    .toColourspace('b-w')
    .raw({ depth: 'uchar' })
    .toBuffer({ resolveWithObject: true })
  const { info: box } = await sharp(data, { raw: { width: info.width, height: info.height, channels: 1 } })
    .trim({ background: '#000', threshold: subjectAlpha - 1 })
    .raw()
    .toBuffer({ resolveWithObject: true })
  return {
    // Sharp tells how far the picture's corner moved: a negative number, or nothing.
    left: -(box.trimOffsetLeft ?? 0),
    top: -(box.trimOffsetTop ?? 0),
    width: box.width,
    height: box.height,
  }
}
