import { baseUrl, integer, list, milliseconds, oneOf } from '../schema.ts'
import { optionalSecret } from '../secret.ts'
import { type DerivedDefault, defaulted } from '../variable.ts'

const upscaleProvider = oneOf('clipdrop', 'replicate', 'local')
const backgroundProvider = oneOf('clipdrop', 'replicate', 'onnx', 'local')

const whatIsConfigured: DerivedDefault = {
  says: '`clipdrop,local` with a CLIPDROP_API_KEY, else `local`',
  derive: (read) => (read('CLIPDROP_API_KEY') === null ? 'local' : 'clipdrop,local'),
}

/** The image worker's steps, providers and limits. */
export const imageVariables = {
  BACKGROUND_PROVIDERS: defaulted({
    schema: list(backgroundProvider, 'providers (clipdrop, replicate, onnx, local)'),
    default: whatIsConfigured,
    description: 'Who removes the background: tried in this order.',
    services: ['image-worker', 'forge'],
    example: 'clipdrop,local',
  }),
  UPSCALE_PROVIDERS: defaulted({
    schema: list(upscaleProvider, 'providers (clipdrop, replicate, local)'),
    default: whatIsConfigured,
    description: 'Who upscales: tried in this order.',
    services: ['image-worker', 'forge'],
    example: 'local',
  }),
  CLIPDROP_API_KEY: optionalSecret({
    description: 'Key for ClipDrop.',
    services: ['image-worker'],
    expects: 'a ClipDrop key',
    example: 'sm://projects/charaforge-prod/secrets/clipdrop-api-key/versions/3',
  }),
  CLIPDROP_BASE_URL: defaulted({
    schema: baseUrl(),
    default: 'https://clipdrop-api.co',
    description: 'Where ClipDrop is; the local cloud gives its stand-in here.',
    services: ['image-worker'],
    setBy: 'laptop',
    example: 'http://127.0.0.1:9400',
  }),
  CLIPDROP_TIMEOUT_MS: defaulted({
    schema: milliseconds({ min: 100, max: 200_000 }),
    default: '120000',
    description:
      'How long a ClipDrop call may be silent before its answer counts as lost. A call given up early is paid twice.',
    services: ['image-worker'],
    example: '120000',
  }),
  UPSCALE_FACTOR: defaulted({
    schema: integer({ min: 1, max: 8 }),
    default: '2',
    description: 'By how much each side grows.',
    services: ['image-worker'],
    example: '2',
  }),
  UPSCALE_MAX_SIDE: defaulted({
    schema: integer({ min: 64, max: 16_384, unit: 'pixels' }),
    default: '4096',
    description: 'Longest side of a result; the factor shrinks to keep it.',
    services: ['image-worker'],
    example: '4096',
  }),
  MAX_UPLOAD_BYTES: defaulted({
    schema: integer({ min: 1024, max: 1024 * 1024 * 1024, unit: 'bytes' }),
    default: String(50 * 1024 * 1024),
    description: 'Largest upload that is processed.',
    services: ['image-worker'],
    example: '52428800',
  }),
  MAX_INPUT_PIXELS: defaulted({
    schema: integer({ min: 4096, max: 268_000_000, unit: 'pixels' }),
    default: '64000000',
    description: 'Most pixels (width × height) that are decoded.',
    services: ['image-worker'],
    example: '64000000',
  }),
  IMAGES_PER_DAY: defaulted({
    schema: integer({ min: 0, max: 1_000_000 }),
    default: '100',
    description: 'Most showcase images that one user may begin on a day (UTC); 0 for no limit.',
    services: ['image-worker'],
    example: '100',
  }),
  IMAGE_CONCURRENCY: defaulted({
    schema: integer({ min: 1, max: 64 }),
    default: '2',
    description: 'Pictures in memory at once; with MAX_INPUT_PIXELS it bounds the memory.',
    services: ['image-worker'],
    example: '2',
  }),
}
