import type { Firestore } from '@google-cloud/firestore'
import { FinalError } from '#shared/errors/app-error.ts'
import type { JobRequests } from '#shared/jobs/job-requests.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import type { ObjectStore } from '#shared/objects/object-store.ts'
import type { ObjectStreams } from '#shared/objects/object-streams.ts'
import { resultUrlRule } from '#shared/objects/result-objects.ts'
import type {
  GenerationInput,
  LostRunInput,
  RunCancelInput,
  TrainingFinishInput,
} from '#shared/trainings/training-jobs.ts'
import type { ReplicateWebhookInit } from './app.ts'
import { cancelLostRun } from './cancel/cancel-lost-run.ts'
import { cancelRun } from './cancel/cancel-run.ts'
import { runFinish } from './finish/run-finish.ts'
import { runGeneration } from './generation/run-generation.ts'
import { openReplicate } from './open-replicate.ts'

/** The kinds of work. */
export interface WebhookWork {
  finish(run: JobRun<TrainingFinishInput>): Promise<void>
  generate(run: JobRun<GenerationInput>): Promise<void>
  cancel(run: JobRun<RunCancelInput>): Promise<void>
  cancelLost(run: JobRun<LostRunInput>): Promise<void>
}

/** All that speaks to Replicate. */
export function openWebhookWork(
  init: ReplicateWebhookInit,
  parts: { db: Firestore; store: ObjectStore; streams: ObjectStreams; jobs: JobRequests; now: () => Date },
): WebhookWork {
  const { config } = init
  const { client, web } = openReplicate(init)
  const finish = {
    ...parts,
    web,
    replicate: client,
    bucket: config.MODELS_STORAGE_BUCKET,
    cacheLimits: { maxBytes: config.CACHE_MAX_BYTES, keepRecent: config.CACHE_KEEP_RECENT },
    mail: { collection: config.MAIL_COLLECTION, appUrl: config.APP_URL },
    pollMs: config.TRAINING_POLL_MS,
    deadlineMs: config.JOB_DEADLINE_MS,
  }
  const generation = {
    ...parts,
    replicate: client,
    bucket: config.STORAGE_BUCKET,
    resultUrl: resultUrlRule(config),
    pollMs: config.TRAINING_POLL_MS,
    createSearchMs: config.CREATE_SEARCH_MS,
    cancelAfterMs: config.GENERATION_CANCEL_AFTER_MS,
  }
  return {
    generate: async (run) => await runGeneration({ ...generation, webhookUrl: ownUrl(init) }, run),
    finish: (run) => runFinish(finish, run),
    cancel: (run) => cancelRun(client, run),
    cancelLost: (run) => cancelLostRun(generation, run),
  }
}

function ownUrl({ config }: ReplicateWebhookInit): string {
  if (config.REPLICATE_WEBHOOK_URL !== null) return config.REPLICATE_WEBHOOK_URL
  throw new FinalError({
    code: 'generation.not-configured',
    message: 'Pictures cannot be generated here; the operator has to give REPLICATE_WEBHOOK_URL.',
  })
}
