import sharp from 'sharp'
import { FinalError } from '#shared/errors/app-error.ts'
import type { ProviderImage } from '../providers/provider.ts'
import { decoderOptions, inspectPicture, type PictureLimits } from './inspect.ts'

export interface NormaliseLimits extends PictureLimits {
  /** Longest side of what goes on: more than the result may have is only weight. */
  maxSide: number
}

export interface NormalisedPicture {
  image: ProviderImage
  /** The subject is cut out already: removing the background again would cost and change nothing. */
  isCutOut: boolean
}

/** Below this alpha a pixel counts as see-through. */
const clearAlpha = 16
/** A picture whose clear share is smaller has an alpha channel by accident (a rounded corner, a soft edge). */
const cutOutShare = 0.05

/**
 * An upload of any kind → upright, sRGB, 8 bits, no metadata, PNG. An alpha channel is kept where it holds a cut-out
 * and laid on white otherwise.
 * @throws FinalError as `inspectPicture`, and `image.damaged` when the pixels cannot be decoded.
 */
export async function normalisePicture(bytes: Buffer, limits: NormaliseLimits): Promise<NormalisedPicture> {
  const facts = await inspectPicture(bytes, limits)
  try {
    const isCutOut = facts.hasAlpha && (await clearShare(bytes, limits)) >= cutOutShare
    const upright = sharp(bytes, decoderOptions(limits))
      .autoOrient()
      .resize({ width: limits.maxSide, height: limits.maxSide, fit: 'inside', withoutEnlargement: true })
      .toColourspace('srgb')
    const opaque = isCutOut ? upright.ensureAlpha() : upright.flatten({ background: '#fff' })
    // Level 3 is a third of the default's time; these bytes live for one step.
    const { data, info } = await opaque.png({ compressionLevel: 3 }).toBuffer({ resolveWithObject: true })
    return { image: { bytes: data, contentType: 'image/png', width: info.width, height: info.height }, isCutOut }
  } catch (cause) {
    throw new FinalError({
      code: 'image.damaged',
      message: 'The picture is damaged or cut short and cannot be decoded.',
      cause,
    })
  }
}

/** Share of the pixels that are see-through, 0..1, judged on a small copy. */
async function clearShare(bytes: Buffer, limits: PictureLimits): Promise<number> {
  const alpha = await sharp(bytes, decoderOptions(limits))
    .resize({ width: 256, height: 256, fit: 'inside', withoutEnlargement: true, kernel: 'nearest' })
    .extractChannel('alpha')
    .toColourspace('b-w')
    .raw({ depth: 'uchar' })
    .toBuffer()
  return alpha.reduce((clear, value) => clear + (value < clearAlpha ? 1 : 0), 0) / alpha.length
}
