import { baseUrl, integer, milliseconds } from '../schema.ts'
import { defaulted, optional } from '../variable.ts'

const SECOND_MS = 1000
const MINUTE_MS = 60 * SECOND_MS
const HOUR_MS = 60 * MINUTE_MS
const GiB = 1024 ** 3

/** The registry of models, and the cache that the models bucket is. */
export const registryVariables = {
  CACHE_MAX_BYTES: defaulted({
    schema: integer({ min: 0, max: Number.MAX_SAFE_INTEGER, unit: 'bytes' }),
    default: '0',
    description:
      'Most bytes that the models bucket may hold, parts of copies and trained weights included; 0 for no limit. What was used least recently makes room.',
    services: ['model-sync', 'replicate-webhook', 'api', 'forge'],
    example: '536870912000',
  }),
  CACHE_KEEP_RECENT: defaulted({
    schema: integer({ min: 0, max: 10_000 }),
    default: '0',
    description: 'So many files that were used last are never evicted.',
    services: ['model-sync', 'replicate-webhook', 'api', 'forge'],
    example: '3',
  }),
  CACHE_WAIT_MS: defaulted({
    schema: milliseconds({ min: 100, max: 24 * HOUR_MS }),
    default: String(30 * MINUTE_MS),
    description: 'How long a copy waits for room that other copies or leases hold, before it fails with `cache.full`.',
    services: ['model-sync'],
    example: '1800000',
  }),
  DOWNLOAD_URL_TTL_MS: defaulted({
    schema: milliseconds({ min: SECOND_MS, max: 7 * 24 * HOUR_MS }),
    default: String(HOUR_MS),
    description: 'How long the download URL of a model is good, and its file is safe from eviction.',
    services: ['api'],
    example: '3600000',
  }),
  SEARCH_DEADLINE_MS: defaulted({
    schema: milliseconds({ min: 50, max: MINUTE_MS }),
    default: String(3 * SECOND_MS),
    description:
      'How long a search waits for its sources; a slower one is left out with a note, and asked by the next page.',
    services: ['api'],
    example: '3000',
  }),
  MAX_UPLOAD_MODEL_BYTES: defaulted({
    schema: integer({ min: 1, max: 1024 * GiB, unit: 'bytes' }),
    default: String(16 * GiB),
    description: 'Largest model file that may be uploaded.',
    services: ['api'],
    example: '17179869184',
  }),
  MODEL_SYNC_URL: optional({
    schema: baseUrl(),
    description:
      'The base URL of model-sync, for the tasks that wake its jobs. Without it a clean-up of the cache begins with the next reconciliation.',
    services: ['api', 'forge'],
    example: 'https://model-sync-abc-uc.a.run.app',
  }),
} as const
