import type { Training } from '#shared/documents/trainings.ts'
import { FinalError } from '#shared/errors/app-error.ts'
import { JobWaitsError } from '#shared/jobs/job-errors.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import { webhookUrl } from '#shared/replicate/webhook-url.ts'
import { createRunOnce } from '#shared/trainings/create-run-once.ts'
import { searchLostRun } from '#shared/trainings/search-lost-run.ts'
import type { TrainingStartInput } from '#shared/trainings/training-jobs.ts'
import { trainingZipName } from '#shared/trainings/training-places.ts'
import { enterStage } from './enter-stage.ts'
import { explainRefusal } from './explain-refusal.ts'
import type { PreparedPhotos } from './prepare-photos.ts'
import type { ReplicateSettings, StartDeps } from './start-deps.ts'
import { trainerInput } from './trainer-input.ts'

export interface RunToCreate {
  training: Training
  destination: { owner: string; name: string }
  photos: PreparedPhotos
}

const step = 'create'
const longestPauseMs = 30_000
/** A search that is shorter than usual (in tests, on a laptop) is as many looks. */
const looksASearch = 20

/**
 * Creates the training at Replicate, exactly once, and returns the run's id. Where the answer was lost the run is looked for
 * and never created again.
 * @throws JobWaitsError between two looks, and while Replicate takes no more
 * @throws FinalError `training.create-unknown`, `replicate.…`
 */
export async function createRun(
  deps: StartDeps & { replicate: ReplicateSettings },
  run: JobRun<TrainingStartInput>,
  wish: RunToCreate,
): Promise<string> {
  try {
    const create = isBegun(run) ? neverCalled : await creation(deps, run, wish)
    const created = await createRunOnce(run, { step, create, now: deps.now })
    return (created ?? (await search(deps, run, wish.training))).runId
  } catch (error) {
    throw explainRefusal(error, deps.now())
  }
}

/** Whether a creation was begun, so that there is none to make. */
function isBegun(run: JobRun<TrainingStartInput>): boolean {
  return run.stored(step) !== null || run.lostCalls(step, 'replicate') > 0
}

async function neverCalled(): Promise<never> {
  throw new Error('A training would have been created a second time.')
}

/** The last look at whether it is wanted. Signed at this moment: the URL has to outlive the queue at Replicate. */
async function creation(
  deps: StartDeps & { replicate: ReplicateSettings },
  run: JobRun<TrainingStartInput>,
  { training, destination, photos }: RunToCreate,
) {
  const { client, trainer, webhookUrl: publicUrl } = deps.replicate
  await run.commit(enterStage(deps.db, training.id, { status: 'starting', stage: 'training' }))
  const url = await deps.signer.signDownload({
    bucket: deps.workBucket,
    name: trainingZipName(training),
    generation: photos.generation,
    expiresInMs: deps.zipUrlTtlMs,
  })
  return async () => {
    const made = await client.trainings.create({
      trainer,
      destination,
      input: trainerInput(training.options, url),
      // Its logs too, twice a second: nothing else tells how far a training is.
      webhook: { url: webhookUrl(publicUrl, ownerOf(training)), events: ['start', 'logs', 'completed'] },
      signal: run.signal,
    })
    if (made.outcome === 'created') return made.run
    // Says that it is unknown whether there is a run.
    throw made.error
  }
}

async function search(
  deps: StartDeps & { replicate: ReplicateSettings },
  run: JobRun<TrainingStartInput>,
  training: Training,
): Promise<{ runId: string }> {
  run.signal.throwIfAborted()
  const { db, now, createSearchMs: searchMs } = deps
  const everyMs = Math.min(longestPauseMs, searchMs / looksASearch)
  const outcome = await searchLostRun({ db, now, searchMs, everyMs }, run, {
    step,
    owner: ownerOf(training),
    since: training.createdAt.toDate(),
    list: () => deps.replicate.client.trainings.list({ signal: run.signal }),
  })
  switch (outcome.kind) {
    case 'found':
      return outcome.run
    case 'not-yet':
      throw new JobWaitsError({
        code: 'training.create-unknown',
        message: 'Replicate has not answered; the training is looked for there.',
        until: outcome.lookAgainAt,
      })
    case 'given-up':
      throw new FinalError({
        code: 'training.create-unknown',
        message:
          'Replicate never answered when the training was to start, and does not list it; ask for the training again.',
      })
    default:
      return outcome satisfies never
  }
}

function ownerOf({ id }: Training) {
  return { kind: 'training', jobId: id } as const
}
