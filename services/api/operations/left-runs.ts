import { findReplicateRun } from '#shared/documents/replicate-runs.ts'
import { creationStep, outcomeStep } from '#shared/generations/picture-steps.ts'
import { predictionOwner } from '#shared/generations/prediction-owner.ts'
import type { JobRecord } from '#shared/jobs/job-record.ts'
import type { RunOwner } from '#shared/replicate/webhook-url.ts'
import type { CreatedRun } from '#shared/trainings/create-run-once.ts'
import {
  generationNames,
  type LostRunInput,
  lostRunNames,
  type RunCancelInput,
  runCancelNames,
  trainingStartNames,
} from '#shared/trainings/training-jobs.ts'
import type { PurgeDeps } from './purge-places.ts'

/** What jobs that were ended may have left at work at Replicate. */
export interface LeftRuns {
  known: RunCancelInput[]
  /** Perhaps: their creation was begun, and no answer to it is stored. */
  lost: LostRunInput[]
}

const trainingCreation = 'create'

/** The runs of these jobs that nobody has seen the end of. That of a training is known by its document, see `createdTraining`. */
export function leftRuns(jobs: readonly JobRecord[]): LeftRuns {
  const left: LeftRuns = { known: [], lost: [] }
  for (const job of jobs) {
    const sinceMs = job.createdAt.toMillis()
    if (job.kind === trainingStartNames.kind && isLost(job, trainingCreation)) {
      left.lost.push({ kind: 'training', jobId: idOf(job), sinceMs })
    }
    if (job.kind !== generationNames.kind) continue
    for (const index of orderedPictures(job)) {
      const step = creationStep({ index })
      const runId = createdBy(job, step)
      const isOver = job.steps[outcomeStep({ index })] !== undefined
      if (runId !== null && !isOver) left.known.push({ runId, kind: 'prediction' })
      if (isLost(job, step)) left.lost.push({ ...predictionOwner(idOf(job), index), sinceMs })
    }
  }
  return left
}

/** The run of a start that died before it wrote the run's id into the training. */
export function createdTraining(jobs: readonly JobRecord[]): string | null {
  const start = jobs.find(({ kind }) => kind === trainingStartNames.kind)
  return start === undefined ? null : createdBy(start, trainingCreation)
}

/**
 * Has these runs ended at Replicate; one that is not known is looked for by a job of its own, which outlives the purge. May be
 * repeated.
 */
export async function endLeftRuns({ db, finishJobs }: PurgeDeps, left: LeftRuns): Promise<void> {
  for (const run of left.known) await finishJobs.enqueue(runCancelNames, run)
  for (const lost of left.lost) {
    const owner: RunOwner = { kind: lost.kind, jobId: lost.jobId }
    // What webhooks told is removed with the rest.
    const told = await findReplicateRun(db, owner)
    if (told === null) await finishJobs.enqueue(lostRunNames, lost)
    else await finishJobs.enqueue(runCancelNames, { runId: told.id, kind: lost.kind })
  }
}

/** Of the training or the generation. Not by the input, which only another version may read: that keeps nobody from a purge. */
function idOf({ subject }: JobRecord): string {
  return subject.slice(subject.indexOf('/') + 1)
}

function createdBy({ steps }: JobRecord, step: string): string | null {
  // Only `createRunOnce` and `searchLostRun` store these steps.
  const created = steps[step]?.result as CreatedRun | undefined
  return created?.runId ?? null
}

/** Also of a call that is open: who made it does not write its answer any more. */
function isLost(job: JobRecord, step: string): boolean {
  if (job.steps[step] !== undefined) return false
  return job.openCall?.step === step || job.lostCalls[step] !== undefined
}

function orderedPictures(job: JobRecord): number[] {
  const steps = [...Object.keys(job.steps), ...Object.keys(job.lostCalls), job.openCall?.step ?? '']
  const indexes = steps.flatMap((step) => {
    const index = Number(/^create-(\d+)$/.exec(step)?.[1] ?? -1)
    return index < 0 ? [] : index
  })
  return [...new Set(indexes)]
}
