import { jsonBody } from '../http/request-body.ts'
import { callApi, type ReplicateOptions } from './call-api.ts'
import { listRuns } from './list-runs.ts'
import { type Run, runSchema } from './run.ts'
import { type WebhookOrder, webhookFields } from './webhook-url.ts'

export interface NewPrediction {
  /** 64 hex characters, `owner/name:version`, or `owner/name` for an official model. */
  version: string
  input: Readonly<Record<string, unknown>>
  /** Holds the call until the run ends, but at most so long (1 to 60 s; contract §3). Absent: answered at once. */
  waitSeconds?: number
  /** Replicate itself ends the run after so long (5 s to 24 h), also when nobody is left to cancel it. */
  cancelAfterSeconds?: number
  webhook?: WebhookOrder
  signal?: AbortSignal
}

export interface Predictions {
  /**
   * Starts a run: one request, never repeated, for each costs money. A failure with `delivery: 'unknown'` may have
   * started it.
   */
  create(prediction: NewPrediction): Promise<Run>
  get(id: string, options?: { signal?: AbortSignal }): Promise<Run>
  /** Ends a run; one that has ended is answered as it is (contract §3). */
  cancel(id: string, options?: { signal?: AbortSignal }): Promise<Run>
  /** The newest first; a request for each hundred. */
  list(options?: { signal?: AbortSignal }): AsyncGenerator<Run, void, undefined>
}

/** Held calls answer with the output in the object, as a data URL. */
const MAX_PREDICTION_BYTES = 192 * 1024 * 1024
/** What the way and the gateways may take beyond the wait that was asked for. */
const HELD_CALL_SLACK_MS = 30_000

/** `/predictions` of the API (contract §3). */
export function createPredictions(options: ReplicateOptions): Predictions {
  return {
    async create({ version, input, waitSeconds, cancelAfterSeconds, webhook, signal }) {
      const heldMs = (waitSeconds ?? 0) * 1000
      return await callApi(
        options,
        {
          method: 'POST',
          path: '/predictions',
          headers: {
            ...(waitSeconds === undefined ? {} : { prefer: `wait=${waitSeconds}` }),
            ...(cancelAfterSeconds === undefined ? {} : { 'cancel-after': `${cancelAfterSeconds}s` }),
          },
          body: jsonBody({ version, input, ...webhookFields(webhook) }),
          signal,
          timeouts: { headersMs: heldMs + HELD_CALL_SLACK_MS, totalMs: heldMs + 3 * HELD_CALL_SLACK_MS },
          maxBodyBytes: MAX_PREDICTION_BYTES,
        },
        runSchema,
      )
    },
    // Built from the id: the URLs in an answer are not always those of the thing asked for (contract §4).
    async get(id, { signal } = {}) {
      const path = `/predictions/${encodeURIComponent(id)}`
      const call = { method: 'GET', path, signal, maxBodyBytes: MAX_PREDICTION_BYTES } as const
      return await callApi(options, call, runSchema)
    },
    async cancel(id, { signal } = {}) {
      const path = `/predictions/${encodeURIComponent(id)}/cancel`
      const call = { method: 'POST', path, signal, maxBodyBytes: MAX_PREDICTION_BYTES } as const
      return await callApi(options, call, runSchema)
    },
    list: ({ signal } = {}) => listRuns(options, '/predictions', signal),
  }
}
