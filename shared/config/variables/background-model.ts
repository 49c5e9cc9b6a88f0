import { integer, Refusal, type Schema, text } from '../schema.ts'
import { defaulted, optional } from '../variable.ts'

/** Red, green, blue, as models are trained on: fractions of one. */
function perChannel(range: { min: number; max: number }): Schema<readonly [number, number, number]> {
  return {
    expects: `three numbers from ${range.min} to ${range.max} (red, green, blue), separated by commas`,
    parse(value) {
      const [red, green, blue, ...more] = value
        .split(',')
        .map((part) => (part.trim() === '' ? Number.NaN : Number(part)))
      const isGood = (number: number | undefined) => number !== undefined && number >= range.min && number <= range.max
      if (!isGood(red) || !isGood(green) || !isGood(blue) || more.length > 0) {
        throw new Refusal(`is ${JSON.stringify(value.slice(0, 40))}`)
      }
      return [red, green, blue] as [number, number, number] // Each was checked on the line above.
    },
  }
}

/** The model file of the `onnx` background provider, and how pictures are prepared for it. */
export const backgroundModelVariables = {
  BACKGROUND_MODEL: optional({
    schema: text({ pattern: /^(?:gs:\/\/[^/]+\/.*[^/]|(?!gs:).+)$/, expects: 'a path, or gs://bucket/object' }),
    description:
      'A background removal model in ONNX (u2net, isnet, BiRefNet and their like), for the provider `onnx`. Ours to bring none: mind its licence.',
    services: ['image-worker'],
    example: 'gs://charaforge-models/background/isnet-general-use.onnx',
  }),
  BACKGROUND_MODEL_SIZE: optional({
    schema: integer({ min: 32, max: 4096, unit: 'pixels' }),
    description: "Side of the model's square input, for a model file that leaves it open (else 1024 is used).",
    services: ['image-worker'],
    example: '1024',
  }),
  BACKGROUND_MODEL_MEAN: defaulted({
    schema: perChannel({ min: 0, max: 1 }),
    default: '0.485,0.456,0.406',
    description:
      'Subtracted from each channel (0 to 1). The default suits u2net and BiRefNet; isnet wants 0.5,0.5,0.5.',
    services: ['image-worker'],
    example: '0.5,0.5,0.5',
  }),
  BACKGROUND_MODEL_STD: defaulted({
    schema: perChannel({ min: 0.001, max: 10 }),
    default: '0.229,0.224,0.225',
    description: 'Each channel is then divided by this. The default suits u2net and BiRefNet; isnet wants 1,1,1.',
    services: ['image-worker'],
    example: '1,1,1',
  }),
}
