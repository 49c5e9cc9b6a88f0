import sharp from 'sharp'
import type { Config } from '#shared/config/environment.ts'
import { createAddressGuard } from '#shared/http/address-guard.ts'
import { createHttpClient } from '#shared/http/client.ts'
import { createRateLimiter } from '#shared/http/rate-limiter.ts'
import { Places } from '#shared/jobs/concurrency.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import { createClamdScanner } from '#shared/malware/clamd-scanner.ts'
import { createReplicateClient, REPLICATE_RATE } from '#shared/replicate/client.ts'
import { parseModelVersion } from '#shared/replicate/model-version.ts'
import { secretSource } from '#shared/secrets/secret-source.ts'
import type { TrainingStartInput } from '#shared/trainings/training-jobs.ts'
import type { ApiInit } from '../app.ts'
import { runTrainingStart } from './run-start-job.ts'
import type { ReplicateSettings, StartDeps } from './start-deps.ts'

/** The largest photo that is taken needs a quarter of a gigabyte while it is decoded; the service has one, and answers people beside that. */
const TRAININGS_AT_PHOTOS = 2

export type StartWork = (run: JobRun<TrainingStartInput>) => Promise<void>

/** All that works on photos and speaks to Replicate. */
export function openStartWork(
  init: ApiInit,
  clients: Pick<StartDeps, 'db' | 'store' | 'streams' | 'signer' | 'finishJobs' | 'mail'>,
): StartWork {
  const { config } = init
  // No photo is seen twice: libvips' cache of operations would only hold on to memory.
  sharp.cache(false)
  const web = createHttpClient({ guard: createAddressGuard({ allowHosts: config.FETCH_ALLOW_HOSTS }) })
  init.onShutdown('outgoing connections', () => web.close())
  const deps: StartDeps = {
    ...clients,
    workBucket: config.WORK_BUCKET,
    web,
    scanner: config.CLAMD_HOST && createClamdScanner({ ...config.CLAMD_HOST, timeoutMs: config.CLAMD_TIMEOUT_MS }),
    replicate: openReplicate(init, config),
    limits: { maxPhotoBytes: config.MAX_PHOTO_BYTES },
    photoPlaces: new Places(TRAININGS_AT_PHOTOS),
    zipUrlTtlMs: config.TRAINING_ZIP_URL_TTL_MS,
    createSearchMs: config.CREATE_SEARCH_MS,
    now: () => new Date(),
  }
  return (run) => runTrainingStart(deps, run)
}

/** Null where something is missing: the api serves what needs no Replicate without it. */
function openReplicate(init: ApiInit, config: Config<'api'>): ReplicateSettings | null {
  const { REPLICATE_API_TOKEN: token, REPLICATE_OWNER: owner, REPLICATE_WEBHOOK_URL: webhookUrl } = config
  const trainer = parseModelVersion(config.REPLICATE_TRAINER)
  if (token === null || owner === null || webhookUrl === null || trainer === null) return null
  const source = secretSource(token)
  const limiter = createRateLimiter({ rules: { [new URL(config.REPLICATE_BASE_URL).host]: REPLICATE_RATE } })
  const http = createHttpClient({ limiter })
  init.onShutdown('connections to Replicate', () => http.close())
  const client = createReplicateClient({ http, baseUrl: config.REPLICATE_BASE_URL, apiToken: () => source.get() })
  return { client, owner, trainer, hardware: config.REPLICATE_MODEL_HARDWARE, webhookUrl }
}
