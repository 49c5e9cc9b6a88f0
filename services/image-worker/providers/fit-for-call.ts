import sharp from 'sharp'
import type { ProviderImage } from './provider.ts'
import { ProviderFinalError } from './provider-error.ts'

/** What a provider takes as input, and what its failures are called. */
export interface InputRules {
  maxPixels: number
  maxBytes: number
  /** In sentences: `ClipDrop`. */
  provider: string
  /** Before the dot of codes: `clipdrop`. */
  codePrefix: string
}

/** Tried in this order until the bytes fit. Below 70 the losses would show in the result. */
const QUALITIES = [95, 85, 70]

/**
 * The picture as a provider accepts it: the same object where it fits, else shrunk to the pixel limit, and packed tighter where
 * the bytes are too many. Throws `….too-large` if nothing helps, `….unsendable` for what cannot be read.
 */
export async function fitForCall(image: ProviderImage, rules: InputRules): Promise<ProviderImage> {
  return await readable(rules, () => shrinkAndPack(image, rules))
}

/** A picture without alpha: as it is, or laid on white. Throws `….unsendable`. */
export async function withoutAlpha(image: ProviderImage, rules: InputRules): Promise<ProviderImage> {
  return await readable(rules, async () => {
    const { hasAlpha } = await sharp(image.bytes).metadata()
    if (!hasAlpha) return image
    const bytes = await sharp(image.bytes).flatten({ background: '#fff' }).png({ compressionLevel: 3 }).toBuffer()
    return { ...image, bytes, contentType: 'image/png' }
  })
}

/** Whether a picture has an alpha channel. Throws `….unsendable`. */
export async function hasAlphaChannel(image: ProviderImage, rules: InputRules): Promise<boolean> {
  return await readable(rules, async () => (await sharp(image.bytes).metadata()).hasAlpha)
}

/** Runs work on a picture that is to be sent; one that cannot be decoded is refused before anything is paid. */
export async function readable<T>(rules: InputRules, work: () => Promise<T>): Promise<T> {
  try {
    return await work()
  } catch (cause) {
    throw cause instanceof ProviderFinalError ? cause : unsendable(rules, cause)
  }
}

async function shrinkAndPack(image: ProviderImage, rules: InputRules): Promise<ProviderImage> {
  const fitting = image.width * image.height > rules.maxPixels ? await shrink(image, rules.maxPixels) : image
  if (fitting.bytes.byteLength <= rules.maxBytes) return fitting
  const { hasAlpha } = await sharp(fitting.bytes).metadata()
  for (const quality of QUALITIES) {
    const packed = await pack(fitting, hasAlpha, quality)
    if (packed.bytes.byteLength <= rules.maxBytes) return packed
  }
  throw new ProviderFinalError({
    code: `${rules.codePrefix}.too-large`,
    message: `The picture cannot be made to fit the limit of ${rules.maxBytes / 1e6} MB that ${rules.provider} takes.`,
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

function unsendable(rules: InputRules, cause: unknown): ProviderFinalError {
  return new ProviderFinalError({
    code: `${rules.codePrefix}.unsendable`,
    message: `The picture could not be read to be sent to ${rules.provider}; upload it again as PNG, JPEG or WebP.`,
    scope: 'picture',
    answered: true,
    cause,
  })
}
