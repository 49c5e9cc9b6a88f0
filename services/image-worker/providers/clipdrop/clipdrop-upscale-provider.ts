import sharp from 'sharp'
import type { ProviderImage, UpscaleProvider } from '../provider.ts'
import { joinAlpha } from './alpha-channel.ts'
import { type ClipDropOptions, callClipDrop } from './clipdrop-call.ts'
import { badAnswer } from './clipdrop-errors.ts'
import { MAX_TARGET_SIDE, UPSCALE_LIMITS } from './clipdrop-limits.ts'
import { fitForCall, hasAlphaChannel } from './fit-for-call.ts'
import { type AnsweredPicture, readPicture } from './read-picture.ts'

interface Size {
  width: number
  height: number
}

/** An answer of about the asked shape is brought to size; one of another shape is another picture. */
const MAX_ASPECT_ERROR = 0.03

/**
 * Upscaling by ClipDrop's `/image-upscaling/v1/upscale` (contract §3): one paid call. The answer has exactly the target's size
 * and keeps alpha; its type is what came (JPEG or WebP), PNG where we had to finish it ourselves.
 */
export function createClipDropUpscaleProvider(options: ClipDropOptions): UpscaleProvider {
  return {
    name: 'clipdrop',
    paid: true,
    async upscale(image, target, call) {
      const hasAlpha = await hasAlphaChannel(image)
      const sent = await fitForCall(image, UPSCALE_LIMITS)
      const asked = clampTarget(target)
      const answer = await callClipDrop(options, {
        path: '/image-upscaling/v1/upscale',
        image: sent,
        fields: { target_width: String(asked.width), target_height: String(asked.height) },
        accept: 'image/webp, image/jpeg, image/png',
        call,
      })
      const { credits, remainingCredits } = answer
      const picture = await readPicture(answer, ['image/webp', 'image/jpeg', 'image/png'])
      checkShape(picture, asked, credits)
      const finished = await finish({ picture, original: hasAlpha ? image : null, target })
      return { image: finished, credits, remainingCredits }
    },
  }
}

/** The largest size of the target's shape that the endpoint takes. */
export function clampTarget(target: Size): Size {
  const scale = Math.min(1, MAX_TARGET_SIDE / Math.max(target.width, target.height))
  const clamp = (side: number): number => Math.min(MAX_TARGET_SIDE, Math.max(1, Math.round(side * scale)))
  return { width: clamp(target.width), height: clamp(target.height) }
}

/** By the shorter side in pixels too: of a thin strip, one pixel is more than 3 %. */
function checkShape(picture: Size, asked: Size, credits: number | null): void {
  const scale = Math.max(picture.width / asked.width, picture.height / asked.height)
  const missing = Math.max(asked.width * scale - picture.width, asked.height * scale - picture.height)
  if (missing <= Math.max(2, MAX_ASPECT_ERROR * Math.max(picture.width, picture.height))) return
  const facts = { width: picture.width, height: picture.height, asked: `${asked.width}x${asked.height}`, credits }
  throw badAnswer(`it has ${picture.width} × ${picture.height} pixels`, { answered: false, facts })
}

/** `original` is the input where it had alpha: an answer without it gets it back. */
async function finish(params: {
  picture: AnsweredPicture
  original: ProviderImage | null
  target: Size
}): Promise<ProviderImage> {
  const { picture, original, target } = params
  const { width, height } = target
  if (original !== null && !picture.hasAlpha) {
    return await joinAlpha({ colours: picture.bytes, alpha: original.bytes, size: target })
  }
  if (picture.width === width && picture.height === height) {
    const { hasAlpha: _, ...image } = picture
    return image
  }
  const bytes = await sharp(picture.bytes)
    .resize(width, height, { fit: 'fill' })
    .png({ compressionLevel: 3 })
    .toBuffer()
  return { bytes, contentType: 'image/png', width, height }
}
