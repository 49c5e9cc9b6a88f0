import type { Firestore } from '@google-cloud/firestore'
import { findModel, wishForSync } from '#shared/documents/sync-wishes.ts'
import { isTerminal, jobId } from '#shared/jobs/job-record.ts'
import type { JobRequests } from '#shared/jobs/job-requests.ts'
import { hasEnded } from '#shared/jobs/live-job.ts'
import { jobsOfSubject } from '#shared/jobs/subject-jobs.ts'
import { syncInputOf, syncInputSchema, syncJobNames } from '../sync-input.ts'

export type SyncRequest =
  | { kind: 'requested'; jobId: string }
  /** A job works on it already, or is about to. */
  | { kind: 'under-way'; jobId: string }
  | { kind: 'refused'; code: string; message: string }

/** Each round lost means that somebody wrote the document in between. */
const rounds = 5

/**
 * What "Sync now" in the app does: the document says so first, then the job is in the books. The document's own event asks
 * for the same job (same key). Repeated after a crash between the two it goes on with the same wish and the same job.
 */
export async function requestSync(
  deps: { db: Firestore; jobs: Pick<JobRequests, 'enqueue'> },
  params: { modelId: string },
): Promise<SyncRequest> {
  const { db, jobs } = deps
  const { modelId } = params
  for (let round = 0; round < rounds; round++) {
    const model = await findModel(db, modelId)
    if (!model) return refused('sync.no-document', 'There is no such model.')
    const isSyncing = model.syncStatus === 'syncing'
    const live = isSyncing ? await liveSyncJob(db, modelId) : null
    if (live !== null) return { kind: 'under-way', jobId: live }
    const requestedAt = isSyncing ? model.updatedAt : await wishForSync(db, model)
    if (requestedAt === null) continue
    const input = syncInputOf(modelId, requestedAt)
    const id = jobId(syncJobNames.key(input))
    if (isSyncing && (await hasEnded(db, id))) {
      // The same status written again changes nothing, and would be no new wish.
      return refused('sync.stuck', 'The model says "syncing" although its sync has ended; cancel it, then ask again.')
    }
    await jobs.enqueue(syncJobNames, input)
    return { kind: 'requested', jobId: id }
  }
  return refused('sync.changing', 'The model is being changed all the time; try again later.')
}

/** The job of the newest wish that has not ended; also one that nobody has claimed yet, so that the run slot can't name it. */
async function liveSyncJob(db: Firestore, modelId: string): Promise<string | null> {
  const jobs = await jobsOfSubject(db, `ai_models/${modelId}`)
  const live = jobs
    .filter(({ job }) => job.kind === syncJobNames.kind && !isTerminal(job.state))
    .map(({ id, job }) => ({ id, requestedAtMs: syncInputSchema.parse(job.input).requestedAtMs }))
    .toSorted((a, b) => b.requestedAtMs - a.requestedAtMs)
  return live[0]?.id ?? null
}

function refused(code: string, message: string): SyncRequest {
  return { kind: 'refused', code, message }
}
