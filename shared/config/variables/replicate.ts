import { baseUrl, integer, jsonObject, oneOf, text } from '../schema.ts'
import { optionalSecret } from '../secret.ts'
import { defaulted, optional } from '../variable.ts'

const model = text({
  pattern: /^([0-9a-f]{64}|[a-z0-9][\w.-]*\/[a-z0-9][\w.-]*(:[0-9a-f]{64})?)$/i,
  expects: 'owner/name:version, a version of 64 hex characters, or owner/name of an official model',
})
const template = jsonObject()
const output = oneOf('single', 'first', 'last')
const pixels = integer({ min: 65_536, max: 100_000_000, unit: 'pixels' })

/** Replicate, and the models that the image worker runs there. */
export const replicateVariables = {
  REPLICATE_API_TOKEN: optionalSecret({
    description: 'Token for Replicate.',
    services: ['image-worker', 'replicate-webhook', 'api'],
    expects: 'a Replicate token',
    example: 'sm://projects/charaforge-prod/secrets/replicate-api-token/versions/1',
  }),
  REPLICATE_BASE_URL: defaulted({
    schema: baseUrl(),
    default: 'https://api.replicate.com/v1',
    description: "Replicate's API; the local cloud gives its stand-in here.",
    services: ['image-worker', 'replicate-webhook', 'api'],
    setBy: 'laptop',
    example: 'http://127.0.0.1:8125/v1',
  }),
  REPLICATE_BACKGROUND_MODEL: defaulted({
    schema: model,
    default: '851-labs/background-remover:a029dff38972b5fda4ec5d75d7d1cd25aeff621d2cf4946a41055d7db66b80bc',
    description: 'The model that removes backgrounds where BACKGROUND_PROVIDERS names replicate.',
    services: ['image-worker'],
    example: 'lucataco/remove-bg:95fcc2a26d3899cd6c2691c900465aaeff466285a65c14638cc5f36f34befaf1',
  }),
  REPLICATE_BACKGROUND_INPUT: optional({
    schema: template,
    description:
      'Its input: the field with `"$image"` gets the picture, the rest is sent as it is. Absent: what is known of the model by its owner/name.',
    services: ['image-worker'],
    example: '{"image":"$image","threshold":0}',
  }),
  REPLICATE_BACKGROUND_OUTPUT: optional({
    schema: output,
    description:
      'Its output: one file, or the first or last of a list. Absent: what is known of the model, else single.',
    services: ['image-worker'],
    example: 'first',
  }),
  REPLICATE_BACKGROUND_MAX_PIXELS: defaulted({
    schema: pixels,
    default: '4000000',
    description: 'Larger pictures are sent smaller, and the outline applied to the full one.',
    services: ['image-worker'],
    example: '4000000',
  }),
  REPLICATE_UPSCALE_MODEL: defaulted({
    schema: model,
    default: 'nightmareai/real-esrgan:42fed1c4974146d4d2414e2be2c5277c7fcf05fcc3a73abf41610695738c1d7b',
    description: 'The model that upscales where UPSCALE_PROVIDERS names replicate.',
    services: ['image-worker'],
    example: 'xinntao/realesrgan:457f5435101937411c960ddc8e2c612e2b0eba59f435ef77d5f27e12dba55902',
  }),
  REPLICATE_UPSCALE_INPUT: optional({
    schema: template,
    description:
      'Its input, as above; `"$scale"` is the whole factor (2 to 4) that reaches the target, `"$target_width"` and `"$target_height"` its pixels.',
    services: ['image-worker'],
    example: '{"img":"$image","scale":"$scale","version":"General - v3"}',
  }),
  REPLICATE_UPSCALE_OUTPUT: optional({
    schema: output,
    description: 'Its output, as above.',
    services: ['image-worker'],
    example: 'single',
  }),
  REPLICATE_UPSCALE_MAX_PIXELS: defaulted({
    schema: pixels,
    default: '2000000',
    description: 'Larger pictures are sent smaller: Real-ESRGAN runs out of GPU memory beyond about two megapixels.',
    services: ['image-worker'],
    example: '2000000',
  }),
}
