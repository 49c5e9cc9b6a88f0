import { jsonBody } from '../http/request-body.ts'
import { callApi, type ReplicateOptions } from './call-api.ts'
import { type CreateOutcome, outcomeOfCreate } from './create-outcome.ts'
import { listRuns } from './list-runs.ts'
import type { ModelVersion } from './model-version.ts'
import { isReplicateError, ReplicateFinalError } from './replicate-error.ts'
import { type Run, runSchema } from './run.ts'
import { type WebhookOrder, webhookFields } from './webhook-url.ts'

export interface NewTraining {
  trainer: ModelVersion
  /** Must exist and be ours before (see `models.ensurePrivate`). */
  destination: { owner: string; name: string }
  /** In the trainer's own words. URLs in it must outlive the queue, not only this call (contract §2). */
  input: Readonly<Record<string, unknown>>
  webhook?: WebhookOrder
  /** Aborting it once the request is under way leaves its outcome unknown. */
  signal?: AbortSignal
}

export interface Trainings {
  /**
   * Starts a training: one request, never repeated, for each costs money. Throws where nothing was created:
   * `replicate.no-destination`, `.no-credit`, `.refused` (with the fields), `.rate-limited` (with its time) …
   */
  create(training: NewTraining): Promise<CreateOutcome<Run>>
  get(id: string, options?: { signal?: AbortSignal }): Promise<Run>
  /** Ends a training; one that has ended is answered as it is. */
  cancel(id: string, options?: { signal?: AbortSignal }): Promise<Run>
  /** The newest first; a request for each hundred. */
  list(options?: { signal?: AbortSignal }): AsyncGenerator<Run, void, undefined>
}

/** Trainings of the API (contract §4). */
export function createTrainings(options: ReplicateOptions): Trainings {
  // Built from the id: the URLs in an answer point at predictions (contract §4).
  const pathOf = (id: string): string => `/trainings/${encodeURIComponent(id)}`
  return {
    create({ trainer, destination, input, webhook, signal }) {
      const { owner, name, versionId } = trainer
      const path = ['models', owner, name, 'versions', versionId, 'trainings'].map(encodeURIComponent).join('/')
      const body = jsonBody({
        destination: `${destination.owner}/${destination.name}`,
        input,
        ...webhookFields(webhook),
      })
      const call = { method: 'POST', path: `/${path}`, body, signal } as const
      return outcomeOfCreate(() => callApi(options, call, runSchema).catch(tellWhatIsMissing), signal)
    },
    async get(id, { signal } = {}) {
      return await callApi(options, { method: 'GET', path: pathOf(id), signal }, runSchema)
    },
    async cancel(id, { signal } = {}) {
      return await callApi(options, { method: 'POST', path: `${pathOf(id)}/cancel`, signal }, runSchema)
    },
    list: ({ signal } = {}) => listRuns(options, '/trainings', signal),
  }
}

/** Two things can be missing, and only the words of the answer say which (contract §1). */
function tellWhatIsMissing(error: unknown): never {
  const isMissing = isReplicateError(error) && error.code === 'replicate.not-found'
  if (!isMissing || !/destination/i.test(String(error.facts.said))) throw error
  throw new ReplicateFinalError({
    code: 'replicate.no-destination',
    message: "The model that the training should go to does not exist, or belongs to another account than the token's.",
    delivery: 'answered',
    facts: error.facts,
    cause: error,
  })
}
