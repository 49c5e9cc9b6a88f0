import type { Timestamp } from '@google-cloud/firestore'
import * as z from 'zod'
import { formatTimestamp } from '#shared/events/timestamp.ts'
import type { JobNames } from '#shared/jobs/job-requests.ts'

/** What a sync job is about: one wish for one model. Kept in the job, so that it can go on without its event. */
export const syncInputSchema = z.object({
  modelId: z.string().min(1),
  /** Update time of the document that first said `syncing` (RFC 3339): a second "Sync now" is another job. */
  requestedAt: z.string(),
  requestedAtMs: z.number(),
})

export type SyncInput = z.infer<typeof syncInputSchema>

/** The wish that a model's document expresses since it was written at `requestedAt`. */
export function syncInputOf(modelId: string, requestedAt: Timestamp): SyncInput {
  const { seconds, nanoseconds } = requestedAt
  return {
    modelId,
    requestedAt: formatTimestamp({ seconds, nanos: nanoseconds }),
    requestedAtMs: requestedAt.toMillis(),
  }
}

export const syncJobNames = {
  kind: 'sync',
  key: (input) => `sync:${input.modelId}#${input.requestedAt}`,
  subject: (input) => `ai_models/${input.modelId}`,
} satisfies JobNames<SyncInput>
