import { joinAlpha } from '../alpha-channel.ts'
import { isOtherShape } from '../finish-upscale.ts'
import { fitForCall, withoutAlpha } from '../fit-for-call.ts'
import type { BackgroundProvider } from '../provider.ts'
import { badPicture } from './replicate-errors.ts'
import { inputRules } from './replicate-limits.ts'
import { type ReplicateProviderOptions, runModel } from './run-model.ts'

/** Background removal by a model at Replicate: one paid run, the answer a PNG with alpha of the input's size. */
export function createReplicateBackgroundProvider(options: ReplicateProviderOptions): BackgroundProvider {
  const rules = inputRules(options.model)
  return {
    name: 'replicate',
    paid: true,
    async removeBackground(image, call) {
      const opaque = await withoutAlpha(image, rules)
      const sent = await fitForCall(opaque, rules)
      const { picture, seconds } = await runModel(options, { image: sent, values: {}, call })
      const facts = { width: picture.width, height: picture.height, sent: `${sent.width}x${sent.height}` }
      if (isOtherShape(picture, sent)) {
        throw badPicture(`it has ${picture.width} × ${picture.height} pixels`, { facts })
      }
      if (!picture.hasAlpha) throw badPicture('nothing is cut out', { facts })
      const { hasAlpha: _, ...cutOut } = picture
      const isWhole = picture.width === image.width && picture.height === image.height
      // Of a lesser copy only the outline is of use; the colours are the input's own.
      const full =
        isWhole && picture.contentType === 'image/png'
          ? cutOut
          : await joinAlpha({ colours: opaque.bytes, alpha: picture.bytes, size: image })
      return { image: full, credits: seconds, remainingCredits: null }
    },
  }
}
