import type { Firestore } from '@google-cloud/firestore'
import * as z from 'zod'
import type { Model } from '#shared/documents/model.ts'
import { readModel, showNotSynced, showNotSyncedBriefly } from '#shared/documents/models.ts'
import { modelSlotPath } from '#shared/documents/sync-progress.ts'
import { parseTimestamp } from '#shared/events/timestamp.ts'
import type { Admission, JobDefinition } from '#shared/jobs/definition.ts'
import { isOutdated } from '#shared/jobs/displaced.ts'
import { jobId } from '#shared/jobs/job-record.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import type { SlotClaim } from '#shared/jobs/slot.ts'
import { leaveCopies } from './copy-waiters.ts'
import { type SyncInput, syncInputSchema, syncJobNames } from './sync-input.ts'

/** What the document asked for when the job was let in; the job ends when it no longer does. */
export interface SyncNote {
  name: string
  userId: string | null
  source: Model['source']
}

const noteSchema = z.custom<SyncNote>((value) => typeof value === 'object' && value !== null)

/** The note of a run; only `admit` stored it. */
export function syncNoteOf(run: JobRun<SyncInput>): SyncNote {
  return noteSchema.parse(run.note)
}

export interface SyncJobParts {
  db: Firestore
  jobsPerHour: number
  /** From the claim to the synced document. */
  work(run: JobRun<SyncInput>): Promise<void>
}

/** The sync job: what `shared/jobs` needs to know of it. */
export function syncJob(deps: SyncJobParts): JobDefinition<SyncInput> {
  const { db } = deps
  return {
    ...syncJobNames,
    parseInput: (stored) => syncInputSchema.parse(stored),
    async admit({ input, transaction }) {
      const model = await readModel(transaction, db, input.modelId)
      return admitSync(input, model, deps.jobsPerHour)
    },
    run: deps.work,
    async failed({ input, transaction, job, failure, isBrief }) {
      const model = await readModel(transaction, db, input.modelId)
      if (model?.syncStatus !== 'syncing' || (await isOutdated(transaction, db, job))) return () => {}
      if (isBrief) return showNotSyncedBriefly(db, model.id)
      const { code, message, retryAt = null } = failure
      return showNotSynced(db, model.id, { code, message, retryAt, jobId: jobId(job.key) })
    },
    async cleanUp({ jobId: id }) {
      await leaveCopies(db, id)
    },
  }
}

function admitSync(input: SyncInput, model: Model | null, jobsPerHour: number): Admission {
  const end = (code: string, message: string): Admission => ({ kind: 'end', state: 'canceled', code, message })
  if (!model) return end('sync.model-deleted', 'The model was deleted.')
  if (model.syncStatus !== 'syncing') return end('sync.not-wanted', 'Nobody waits for this sync any more.')
  const { name, userId, source } = model
  return { kind: 'run', note: { name, userId, source } satisfies SyncNote, slot: slotOf(input, jobsPerHour) }
}

function slotOf(input: SyncInput, jobsPerHour: number): SlotClaim {
  const instant = parseTimestamp(input.requestedAt) ?? { seconds: Math.floor(input.requestedAtMs / 1000), nanos: 0 }
  // One name, so that the generation alone decides: two wishes can lie within one millisecond.
  const generation = String(BigInt(instant.seconds) * 1_000_000_000n + BigInt(instant.nanos))
  return {
    path: modelSlotPath(input.modelId),
    order: { name: 'sync', timeMs: input.requestedAtMs, generation },
    jobsPerHour,
  }
}
