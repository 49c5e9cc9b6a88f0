import sharp from 'sharp'
import type { ProviderImage } from './provider.ts'

/**
 * The colours of one picture under the alpha of another, as PNG of `size`. Colours and alpha are brought to that size
 * separately, so they may differ in size.
 */
export async function joinAlpha(params: {
  colours: Buffer
  alpha: Buffer
  size: { width: number; height: number }
}): Promise<ProviderImage> {
  const { colours, alpha, size } = params
  const { width, height } = size
  const mask = await sharp(alpha)
    .extractChannel('alpha')
    .resize(width, height, { fit: 'fill' })
    .toColourspace('b-w')
    .raw({ depth: 'uchar' })
    .toBuffer()
  // Colours first, then alpha: in one chain sharp would remove the alpha that was just joined.
  const pixels = await sharp(colours)
    .removeAlpha()
    .resize(width, height, { fit: 'fill' })
    .toColourspace('srgb')
    .raw({ depth: 'uchar' })
    .toBuffer()
  const bytes = await sharp(pixels, { raw: { width, height, channels: 3 } })
    .joinChannel(mask, { raw: { width, height, channels: 1 } })
    .png({ compressionLevel: 3 })
    .toBuffer()
  return { bytes, contentType: 'image/png', width, height }
}

/** A picture's colours without its alpha, as they are under it: laid on a ground, they would bleed into a soft rim. */
export async function coloursOnly(image: ProviderImage): Promise<ProviderImage> {
  const bytes = await sharp(image.bytes).removeAlpha().png({ compressionLevel: 3 }).toBuffer()
  return { ...image, bytes, contentType: 'image/png' }
}
