import type { Firestore } from '@google-cloud/firestore'
import { removeReplicateRun } from '#shared/documents/replicate-runs.ts'
import { JobWaitsError } from '#shared/jobs/job-errors.ts'
import type { JobRequests } from '#shared/jobs/job-requests.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import type { ReplicateClient } from '#shared/replicate/client.ts'
import { searchLostRun } from '#shared/trainings/search-lost-run.ts'
import { type LostRunInput, runCancelNames } from '#shared/trainings/training-jobs.ts'

export interface LostRunDeps {
  db: Firestore
  replicate: Pick<ReplicateClient, 'trainings' | 'predictions'>
  jobs: Pick<JobRequests, 'enqueue'>
  /** How often a run is looked for, and for how long. */
  pollMs: number
  createSearchMs: number
  now: () => Date
}

/**
 * Looks for the run of a creation whose answer was lost and whose owner is gone, and has it ended. A webhook may have had it
 * ended before: it is the same job then. One that is not found is ended by the first webhook that tells of it.
 * @throws JobWaitsError between two looks
 */
export async function cancelLostRun(deps: LostRunDeps, run: JobRun<LostRunInput>): Promise<void> {
  const { db, replicate, jobs, now, pollMs: everyMs, createSearchMs: searchMs } = deps
  const { kind, jobId, sinceMs } = run.input
  const runs = kind === 'training' ? replicate.trainings : replicate.predictions
  const outcome = await searchLostRun({ db, now, searchMs, everyMs }, run, {
    step: 'run',
    owner: { kind, jobId },
    since: new Date(sinceMs),
    list: () => runs.list({ signal: run.signal }),
  })
  switch (outcome.kind) {
    case 'found': {
      const { runId } = outcome.run
      await jobs.enqueue(runCancelNames, { runId, kind })
      await removeReplicateRun(db, runId)
      return await run.complete({ runId }, async () => () => {})
    }
    case 'not-yet':
      throw new JobWaitsError({
        code: 'lost-run.searching',
        message: 'Replicate has not answered when this run was to start; it is looked for there, to be ended.',
        until: outcome.lookAgainAt,
      })
    case 'given-up':
      return await run.complete({ runId: null }, async () => () => {})
    default:
      return outcome satisfies never
  }
}
