import { MAX_FILE_BYTES } from '#shared/replicate/files.ts'
import type { InputRules } from '../fit-for-call.ts'
import type { ModelSettings } from './model-settings.ts'

/** The form around a file, and its name. */
const FORM_BYTES = 64 * 1024

/** What a picture for this model may be. */
export function inputRules(model: ModelSettings): InputRules {
  return {
    maxPixels: model.maxPixels,
    maxBytes: MAX_FILE_BYTES - FORM_BYTES,
    provider: 'Replicate',
    codePrefix: 'replicate',
  }
}

/** Real-ESRGAN's networks enlarge four times; beyond it they only resize, and their GPU runs out of memory. */
const MAX_SCALE = 4
/** Smaller factors are not taken by every model; what is too large is resized here. */
const MIN_SCALE = 2

/** The whole factor that reaches the target, as far as the models go. */
export function scaleFor(sent: { width: number; height: number }, target: { width: number; height: number }): number {
  const needed = Math.max(target.width / sent.width, target.height / sent.height)
  return Math.min(MAX_SCALE, Math.max(MIN_SCALE, Math.ceil(needed)))
}
