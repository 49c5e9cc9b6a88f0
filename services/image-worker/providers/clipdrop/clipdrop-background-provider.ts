import { joinAlpha } from '../alpha-channel.ts'
import { fitForCall, withoutAlpha } from '../fit-for-call.ts'
import type { BackgroundProvider } from '../provider.ts'
import { type ClipDropOptions, callClipDrop } from './clipdrop-call.ts'
import { badAnswer } from './clipdrop-errors.ts'
import { BACKGROUND_LIMITS } from './clipdrop-limits.ts'
import { readAnsweredPicture } from './read-answered-picture.ts'

/** Background removal by ClipDrop's `/remove-background/v1` (contract §2): one paid call, the answer a PNG of the same size. */
export function createClipDropBackgroundProvider(options: ClipDropOptions): BackgroundProvider {
  return {
    name: 'clipdrop',
    paid: true,
    async removeBackground(image, call) {
      const opaque = await withoutAlpha(image, BACKGROUND_LIMITS)
      const sent = await fitForCall(opaque, BACKGROUND_LIMITS)
      const answer = await callClipDrop(options, {
        path: '/remove-background/v1',
        image: sent,
        // The default gives a picture with any transparent pixel back unchanged, and charges it.
        fields: { transparency_handling: 'discard_alpha_layer' },
        accept: 'image/png',
        call,
      })
      const { credits, remainingCredits } = answer
      const picture = await readAnsweredPicture(answer, ['image/png'])
      const facts = { width: picture.width, height: picture.height, sent: `${sent.width}x${sent.height}`, credits }
      if (picture.width !== sent.width || picture.height !== sent.height) {
        throw badAnswer(`it has ${picture.width} × ${picture.height} pixels`, { answered: false, facts })
      }
      if (!picture.hasAlpha) throw badAnswer('nothing is cut out', { answered: false, facts })
      const { hasAlpha: _, ...cutOut } = picture
      // What was sent was a lesser copy: only its outline is of use.
      const full =
        sent === opaque ? cutOut : await joinAlpha({ colours: opaque.bytes, alpha: picture.bytes, size: image })
      return { image: full, credits, remainingCredits }
    },
  }
}
