import { finishUpscale, isOtherShape, type Size } from '../finish-upscale.ts'
import { fitForCall, hasAlphaChannel } from '../fit-for-call.ts'
import type { UpscaleProvider } from '../provider.ts'
import { type ClipDropOptions, callClipDrop } from './clipdrop-call.ts'
import { badAnswer } from './clipdrop-errors.ts'
import { MAX_TARGET_SIDE, UPSCALE_LIMITS } from './clipdrop-limits.ts'
import { readAnsweredPicture } from './read-answered-picture.ts'

/**
 * Upscaling by ClipDrop's `/image-upscaling/v1/upscale` (contract §3): one paid call. The answer has exactly the target's size
 * and keeps alpha; its type is what came (JPEG or WebP), PNG where we had to finish it ourselves.
 */
export function createClipDropUpscaleProvider(options: ClipDropOptions): UpscaleProvider {
  return {
    name: 'clipdrop',
    paid: true,
    async upscale(image, target, call) {
      const hasAlpha = await hasAlphaChannel(image, UPSCALE_LIMITS)
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
      const picture = await readAnsweredPicture(answer, ['image/webp', 'image/jpeg', 'image/png'])
      if (isOtherShape(picture, asked)) {
        const facts = { width: picture.width, height: picture.height, asked: `${asked.width}x${asked.height}`, credits }
        throw badAnswer(`it has ${picture.width} × ${picture.height} pixels`, { answered: false, facts })
      }
      const finished = await finishUpscale({ picture, original: hasAlpha ? image : null, target })
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
