import sharp, { type Sharp } from 'sharp'
import { barePicture } from '#shared/photos/bare-picture.ts'
import type { ProviderImage } from '../providers/provider.ts'
import { damagedPicture, decoderOptions, inspectPicture, type PictureFacts, type PictureLimits } from './inspect.ts'
import { oneAtATime } from './one-at-a-time.ts'

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

/** A picture that may take half of what one is given, or more, is decoded alone: the limit of memory is the process's. */
const heavyBytesPerPixel = 2
const heavyTurn = oneAtATime()

/**
 * An upload of any kind → upright, sRGB, 8 bits, no metadata, PNG. An alpha channel is kept where it holds a cut-out
 * and laid on white otherwise.
 * @throws FinalError as `inspectPicture`, and `image.damaged` when the pixels cannot be decoded.
 */
export async function normalisePicture(bytes: Buffer, limits: NormaliseLimits): Promise<NormalisedPicture> {
  const bare = barePicture(bytes)
  const facts = await inspectPicture(bare, limits)
  const work = () => decode(bare, facts, limits)
  return facts.decodingBytes > limits.maxPixels * heavyBytesPerPixel ? await heavyTurn(work) : await work()
}

async function decode(bytes: Buffer, facts: PictureFacts, limits: NormaliseLimits): Promise<NormalisedPicture> {
  const options = { ...decoderOptions(limits), ignoreIcc: facts.ignoreIcc }
  try {
    const isCutOut = facts.hasAlpha && (await clearShare(sharp(bytes, options))) >= cutOutShare
    const upright = sharp(bytes, options)
      .autoOrient()
      .resize({ width: limits.maxSide, height: limits.maxSide, fit: 'inside', withoutEnlargement: true })
      .toColourspace('srgb')
    const opaque = isCutOut ? upright.ensureAlpha() : upright.flatten({ background: '#fff' })
    // Level 3 is a third of the default's time; these bytes live for one step.
    const { data, info } = await opaque.png({ compressionLevel: 3 }).toBuffer({ resolveWithObject: true })
    return { image: { bytes: data, contentType: 'image/png', width: info.width, height: info.height }, isCutOut }
  } catch (cause) {
    throw damagedPicture(cause)
  }
}

/** Share of the pixels that are see-through, 0..1, judged on a small copy. */
async function clearShare(picture: Sharp): Promise<number> {
  const alpha = await picture
    .resize({ width: 256, height: 256, fit: 'inside', withoutEnlargement: true, kernel: 'nearest' })
    .extractChannel('alpha')
    .toColourspace('b-w')
    .raw({ depth: 'uchar' })
    .toBuffer()
  return alpha.reduce((clear, value) => clear + (value < clearAlpha ? 1 : 0), 0) / alpha.length
}
