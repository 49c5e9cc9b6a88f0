import { baseUrl, flag, integer, milliseconds } from '../schema.ts'
import { optionalSecret } from '../secret.ts'
import { defaulted } from '../variable.ts'
import { bucketName } from './storage.ts'

const MiB = 1024 * 1024
const GiB = 1024 * MiB

/** Model sync: where models come from, where they go, and how they are copied. */
export const modelVariables = {
  MODELS_STORAGE_BUCKET: defaulted({
    schema: bucketName,
    default: {
      says: '`{GOOGLE_CLOUD_PROJECT}-models`',
      derive: (read) => `${(read('GOOGLE_CLOUD_PROJECT') ?? '').replace(/[.:]/g, '-')}-models`,
    },
    description:
      'Where synced models lie (models/…), and their parts while they are copied. Never the app’s own bucket.',
    services: ['model-sync', 'replicate-webhook', 'api', 'forge'],
    example: 'charaforge-prod-models',
  }),
  CIVITAI_API_KEY: optionalSecret({
    description: 'Token for CivitAI; most downloads need one.',
    services: ['model-sync', 'api'],
    expects: 'a CivitAI token',
    example: 'sm://projects/charaforge-prod/secrets/civitai-api-key/versions/1',
  }),
  CIVITAI_BASE_URL: defaulted({
    schema: baseUrl(),
    default: 'https://civitai.com',
    description: 'Where CivitAI is; the local cloud gives its stand-in here. The token goes to this origin only.',
    services: ['model-sync', 'api'],
    setBy: 'laptop',
    example: 'http://127.0.0.1:8126',
  }),
  CIVITAI_REQUESTS_PER_MINUTE: defaulted({
    schema: integer({ min: 1, max: 6000 }),
    default: '60',
    description: 'Most requests to CivitAI’s API a minute, by one instance.',
    services: ['model-sync', 'api'],
    example: '60',
  }),
  HF_TOKEN: optionalSecret({
    description: 'Token for Hugging Face; gated models need one, and anonymous limits are shared by address.',
    services: ['model-sync', 'api'],
    expects: 'a Hugging Face token',
    example: 'sm://projects/charaforge-prod/secrets/hf-token/versions/1',
  }),
  HF_BASE_URL: defaulted({
    schema: baseUrl(),
    default: 'https://huggingface.co',
    description: 'Where Hugging Face is; the local cloud gives its stand-in here. The token goes to this origin only.',
    services: ['model-sync', 'api'],
    setBy: 'laptop',
    example: 'http://127.0.0.1:8127',
  }),
  SYNC_CONCURRENCY: defaulted({
    schema: integer({ min: 1, max: 16 }),
    default: '2',
    description: 'Copies that one instance makes at once; the others wait with their leases kept.',
    services: ['model-sync'],
    example: '2',
  }),
  SYNC_LANES: defaulted({
    schema: integer({ min: 1, max: 32 }),
    default: '8',
    description: 'Most connections to a source for one file. It begins with one and adds while that helps.',
    services: ['model-sync'],
    example: '8',
  }),
  SYNC_PART_BYTES: defaulted({
    schema: integer({ min: 256 * 1024, max: 5 * GiB, unit: 'bytes' }),
    default: String(32 * MiB),
    description:
      'Smallest part in which a file is copied: what one lost connection costs. Larger files have larger parts.',
    services: ['model-sync'],
    example: '33554432',
  }),
  SYNC_STALL_MS: defaulted({
    schema: milliseconds({ min: 100, max: 10 * 60_000 }),
    default: '30000',
    description: 'How long a source may send nothing before its connection is given up.',
    services: ['model-sync'],
    example: '30000',
  }),
  SYNC_COPY_WAIT_MS: defaulted({
    schema: milliseconds({ min: 100, max: 60 * 60_000 }),
    default: '60000',
    description: 'How often a sync that waits for a copy looks whether it still goes on; its end is told at once.',
    services: ['model-sync'],
    example: '60000',
  }),
  MAX_MODEL_BYTES: defaulted({
    schema: integer({ min: 1, max: 1024 * GiB, unit: 'bytes' }),
    default: String(64 * GiB),
    description: 'Largest model (all files together) that is copied.',
    services: ['model-sync'],
    example: '68719476736',
  }),
  SYNC_BYTES_PER_DAY: defaulted({
    schema: integer({ min: 0, max: Number.MAX_SAFE_INTEGER, unit: 'bytes' }),
    default: String(500 * GiB),
    description:
      'Most bytes that one user may have copied on a day (UTC); 0 for no limit. Models without a user are not counted.',
    services: ['model-sync'],
    example: '536870912000',
  }),
  ALLOW_PICKLE: defaulted({
    schema: flag(),
    default: 'false',
    description: 'Take pickled weights (.ckpt, .pt, .bin), which run code when they are loaded.',
    services: ['model-sync'],
    example: 'true',
  }),
}
