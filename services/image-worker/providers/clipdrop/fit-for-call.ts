import sharp from 'sharp'
import type { ProviderImage } from '../provider.ts'
import { ProviderFinalError } from '../provider-error.ts'
import type { InputLimits } from './clipdrop-limits.ts'

/** Tried in this order until the bytes fit. Below 70 the losses would show in the result. */
const QUALITIES = [95, 85, 70]

/**
 * The picture as ClipDrop accepts it: the same object where it fits, else shrunk to the pixel limit, and packed tighter where
 * the bytes are too many. Throws `clipdrop.too-large` if nothing helps.
 */
export async function fitForCall(image: ProviderImage, limits: InputLimits): Promise<ProviderImage> {
  try {
    return await shrinkAndPack(image, limits)
  } catch (cause) {
    throw cause instanceof ProviderFinalError ? cause : unsendable(cause)
  }
}

/** A picture without alpha: as it is, or laid on white. */
export async function withoutAlpha(image: ProviderImage): Promise<ProviderImage> {
  try {
    const { hasAlpha } = await sharp(image.bytes).metadata()
    if (!hasAlpha) return image
    const bytes = await sharp(image.bytes).flatten({ background: '#fff' }).png({ compressionLevel: 3 }).toBuffer()
    return { ...image, bytes, contentType: 'image/png' }
  } catch (cause) {
    throw unsendable(cause)
  }
}

/** Whether a picture has an alpha channel. */
export async function hasAlphaChannel(image: ProviderImage): Promise<boolean> {
  try {
    return (await sharp(image.bytes).metadata()).hasAlpha
  } catch (cause) {
    throw unsendable(cause)
  }
}

async function shrinkAndPack(image: ProviderImage, limits: InputLimits): Promise<ProviderImage> {
  const fitting = image.width * image.height > limits.maxPixels ? await shrink(image, limits.maxPixels) : image
  if (fitting.bytes.byteLength <= limits.maxBytes) return fitting
  const { hasAlpha } = await sharp(fitting.bytes).metadata()
  for (const quality of QUALITIES) {
    const packed = await pack(fitting, hasAlpha, quality)
    if (packed.bytes.byteLength <= limits.maxBytes) return packed
  }
  throw new ProviderFinalError({
    code: 'clipdrop.too-large',
    message: `The picture cannot be made to fit ClipDrop's limit of ${limits.maxBytes / 1e6} MB.`,
    scope: 'picture',
    answered: true,
    facts: { width: image.width, height: image.height, sizeBytes: image.bytes.byteLength },
  })
}

async function shrink(image: ProviderImage, maxPixels: number): Promise<ProviderImage> {
  const scale = Math.sqrt(maxPixels / (image.width * image.height))
  // Rounded down, for the limit is on the product.
  const width = Math.max(1, Math.floor(image.width * scale))
  const height = Math.max(1, Math.floor(image.height * scale))
  const bytes = await sharp(image.bytes, { limitInputPixels: false })
    .resize(width, height, { fit: 'fill' })
    .png({ compressionLevel: 3 })
    .toBuffer()
  return { bytes, contentType: 'image/png', width, height }
}

async function pack(image: ProviderImage, hasAlpha: boolean, quality: number): Promise<ProviderImage> {
  const { width, height } = image
  const source = sharp(image.bytes)
  if (hasAlpha) {
    return {
      bytes: await source.webp({ quality, alphaQuality: 100 }).toBuffer(),
      contentType: 'image/webp',
      width,
      height,
    }
  }
  const bytes = await source.jpeg({ quality, chromaSubsampling: '4:4:4' }).toBuffer()
  return { bytes, contentType: 'image/jpeg', width, height }
}

function unsendable(cause: unknown): ProviderFinalError {
  return new ProviderFinalError({
    code: 'clipdrop.unsendable',
    message: 'The picture could not be read to be sent to ClipDrop; upload it again as PNG, JPEG or WebP.',
    scope: 'picture',
    answered: true,
    cause,
  })
}
