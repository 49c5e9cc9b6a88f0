import type { Firestore } from '@google-cloud/firestore'
import type { CacheCleanInput, CacheVerifyInput } from '#shared/cache/cache-jobs.ts'
import { civitaiRateRules, createCivitaiClient } from '#shared/civitai/client.ts'
import type { SecretReference } from '#shared/config/secret-reference.ts'
import { createAddressGuard } from '#shared/http/address-guard.ts'
import { createHttpClient } from '#shared/http/client.ts'
import { createRateLimiter } from '#shared/http/rate-limiter.ts'
import { createHuggingFaceClient } from '#shared/huggingface/client.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import type { JobRunner } from '#shared/jobs/runner.ts'
import type { ObjectStore } from '#shared/objects/object-store.ts'
import type { ObjectStreams } from '#shared/objects/object-streams.ts'
import { secretSource } from '#shared/secrets/secret-source.ts'
import type { ModelSyncInit } from './app.ts'
import { runCacheClean, runCacheVerify } from './cache/run-cache-jobs.ts'
import { wakeWaitingCopies } from './cache/wake-copies.ts'
import type { CopyInput } from './copy-input.ts'
import { runCopyJob } from './run-copy-job.ts'
import { runSyncJob } from './run-sync-job.ts'
import { fetchClient, locateFile } from './sources/locate-file.ts'
import { resolveModel, type SourceClients } from './sources/resolve-model.ts'
import { checkUploader } from './sources/upload.ts'
import type { SyncInput } from './sync-input.ts'

/** The kinds of work. */
export interface SyncWork {
  sync(run: JobRun<SyncInput>): Promise<void>
  copy(run: JobRun<CopyInput>): Promise<void>
  clean(run: JobRun<CacheCleanInput>): Promise<void>
  verify(run: JobRun<CacheVerifyInput>): Promise<void>
}

/** Progress is written, and the list of waiters looked at, no more often than this. */
const lookEveryMs = 2_000
/** Where a source wants more, the job rests until then: sleeping through it would keep its lease, and a place that others wait for. */
const holdPatienceMs = 30_000

/** All that speaks to the sources. */
export function openSyncWork(
  init: ModelSyncInit,
  parts: { db: Firestore; store: ObjectStore; streams: ObjectStreams; jobs: JobRunner },
): SyncWork {
  const { config, logger } = init
  const clients = openSources(init, parts)
  const bucket = config.MODELS_STORAGE_BUCKET
  const now = () => new Date()
  const deps = { ...parts, bucket, now }
  const cache = {
    ...deps,
    limits: { maxBytes: config.CACHE_MAX_BYTES, keepRecent: config.CACHE_KEEP_RECENT },
    logger,
    wakeCopies: async () => {
      if (config.CACHE_MAX_BYTES > 0) await wakeWaitingCopies({ ...deps, logger })
    },
  }
  const room = {
    cache,
    waitMs: config.CACHE_WAIT_MS,
    lookMs: config.SYNC_COPY_WAIT_MS,
    minPartBytes: config.SYNC_PART_BYTES,
  }
  const limits = {
    maxModelBytes: config.MAX_MODEL_BYTES,
    bytesPerDay: config.SYNC_BYTES_PER_DAY,
    copyWaitMs: config.SYNC_COPY_WAIT_MS,
    storageBytes: config.STORAGE_QUOTA_BYTES,
  }
  const options = {
    minPartBytes: config.SYNC_PART_BYTES,
    maxLanes: config.SYNC_LANES,
    stallMs: config.SYNC_STALL_MS,
    maxBytes: config.MAX_MODEL_BYTES,
    allowPickle: config.ALLOW_PICKLE,
  }
  return {
    sync: (run) =>
      runSyncJob(
        {
          ...deps,
          logger,
          limits,
          wakeCopies: cache.wakeCopies,
          resolve: ({ source, userId }, signal) =>
            resolveModel(clients, source, { allowPickle: config.ALLOW_PICKLE, userId, signal }),
          checkClaim: ({ userId }, claim) => checkUploader(clients.uploads, { ...claim, userId }),
        },
        run,
      ),
    copy: (run) =>
      runCopyJob(
        {
          ...deps,
          webFor: (file) => fetchClient(clients, file),
          locate: (file) => locateFile(clients, file),
          options,
          lookEveryMs,
          room,
        },
        run,
      ),
    clean: (run) => runCacheClean(cache, run),
    verify: (run) => runCacheVerify(cache, run),
  }
}

function openSources(
  init: ModelSyncInit,
  { db, store, streams }: { db: Firestore; store: ObjectStore; streams: ObjectStreams },
): SourceClients {
  const { config } = init
  const limiter = createRateLimiter({
    rules: civitaiRateRules(config.CIVITAI_BASE_URL, config.CIVITAI_REQUESTS_PER_MINUTE / 60),
    patienceMs: holdPatienceMs,
  })
  // URLs of files come from documents and from the hubs' answers: all of them go through the guard.
  const guard = createAddressGuard({ allowHosts: config.FETCH_ALLOW_HOSTS })
  const web = createHttpClient({ guard, limiter })
  const api = createHttpClient({ limiter })
  init.onShutdown('outgoing connections', () => {
    web.close()
    api.close()
  })
  return {
    web,
    uploads: { db, store, streams, http: api },
    civitai: createCivitaiClient({
      baseUrl: config.CIVITAI_BASE_URL,
      token: tokenOf(config.CIVITAI_API_KEY),
      http: api,
    }),
    huggingface: createHuggingFaceClient({ baseUrl: config.HF_BASE_URL, token: tokenOf(config.HF_TOKEN), http: api }),
  }
}

function tokenOf(reference: SecretReference | null): (() => Promise<string>) | null {
  if (reference === null) return null
  const source = secretSource(reference)
  return () => source.get()
}
