import { ConfigError } from '#shared/errors/app-error.ts'
import type { OutputShape } from '#shared/replicate/outputs.ts'
import { type InputTemplate, imageField } from './input-template.ts'
import { KNOWN_MODELS, type ModelProfile } from './known-models.ts'

/** One model as the environment names it. */
export interface ModelSettings extends ModelProfile {
  /** As it is sent: 64 hex characters, `owner/name:version` or `owner/name`. */
  version: string
  /** Larger pictures are shrunk before they are sent. */
  maxPixels: number
}

/**
 * The settings of a step's model: what the environment says, else what is known of it. Throws a `ConfigError` for a model that
 * is neither known nor described, and for a description without a place for the picture.
 */
export function modelSettings(params: {
  /** The step's part of the variables' names: `BACKGROUND`. */
  step: 'BACKGROUND' | 'UPSCALE'
  model: string
  input: InputTemplate | null
  output: OutputShape | null
  maxPixels: number
}): ModelSettings {
  const { step, model, maxPixels } = params
  const known = KNOWN_MODELS[model.split(':', 1)[0] ?? '']
  const input = params.input ?? known?.input
  if (input === undefined) {
    throw refuse(
      `REPLICATE_${step}_MODEL is ${model}, whose inputs are not known here; describe them in REPLICATE_${step}_INPUT, for example {"image":"$image"}.`,
    )
  }
  if (imageField(input) === null) {
    throw refuse(`REPLICATE_${step}_INPUT must have one field whose value is "$image", where the picture goes.`)
  }
  return { version: model, input, output: params.output ?? known?.output ?? 'single', maxPixels }
}

function refuse(message: string): ConfigError {
  return new ConfigError({ code: 'config.invalid', message })
}
