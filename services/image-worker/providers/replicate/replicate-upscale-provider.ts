import { coloursOnly } from '../alpha-channel.ts'
import { finishUpscale, isOtherShape } from '../finish-upscale.ts'
import { fitForCall, hasAlphaChannel, readable } from '../fit-for-call.ts'
import type { UpscaleProvider } from '../provider.ts'
import { badPicture } from './replicate-errors.ts'
import { inputRules, scaleFor } from './replicate-limits.ts'
import { type ReplicateProviderOptions, runModel } from './run-model.ts'

/**
 * Upscaling by a model at Replicate: one paid run. The models enlarge by a factor, so the target's exact size is made here; and
 * few of them keep alpha, so colours alone are sent and the input's own alpha is joined again.
 */
export function createReplicateUpscaleProvider(options: ReplicateProviderOptions): UpscaleProvider {
  const rules = inputRules(options.model)
  return {
    name: 'replicate',
    paid: true,
    async upscale(image, target, call) {
      const hasAlpha = await hasAlphaChannel(image, rules)
      const colours = hasAlpha ? await readable(rules, () => coloursOnly(image)) : image
      const sent = await fitForCall(colours, rules)
      const { picture, seconds } = await runModel(options, {
        image: sent,
        values: { scale: scaleFor(sent, target), targetWidth: target.width, targetHeight: target.height },
        call,
      })
      if (isOtherShape(picture, target)) {
        const facts = { width: picture.width, height: picture.height, target: `${target.width}x${target.height}` }
        throw badPicture(`it has ${picture.width} × ${picture.height} pixels`, { facts })
      }
      const finished = await finishUpscale({
        // Alpha of the answer, where it has any, is not the input's.
        picture: hasAlpha ? { ...picture, hasAlpha: false } : picture,
        original: hasAlpha ? image : null,
        target,
      })
      return { image: finished, credits: seconds, remainingCredits: null }
    },
  }
}
