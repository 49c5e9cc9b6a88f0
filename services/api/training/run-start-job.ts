import { Timestamp } from '@google-cloud/firestore'
import { settleStorage } from '#shared/documents/quotas.ts'
import { type Training, updateTraining } from '#shared/documents/trainings.ts'
import { FinalError } from '#shared/errors/app-error.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import { endTraining } from '#shared/trainings/end-training.ts'
import type { TrainingStartInput } from '#shared/trainings/training-jobs.ts'
import { logTrainingStage } from '#shared/trainings/training-log.ts'
import { createRun } from './create-run.ts'
import { enterStage } from './enter-stage.ts'
import { explainRefusal } from './explain-refusal.ts'
import { handOver } from './hand-over.ts'
import { reservationsOf } from './photo-uploads.ts'
import { preparePhotos } from './prepare-photos.ts'
import { recordPhotos } from './record-photos.ts'
import type { ReplicateSettings, StartDeps } from './start-deps.ts'
import { CancelRequestedError, readNow } from './wanted.ts'

/** From the photos to the training that runs at Replicate. */
export async function runTrainingStart(deps: StartDeps, run: JobRun<TrainingStartInput>): Promise<void> {
  try {
    await start(deps, run)
  } catch (error) {
    if (!(error instanceof CancelRequestedError)) throw error
    await endCanceled(deps, run)
  }
}

async function start(deps: StartDeps, run: JobRun<TrainingStartInput>): Promise<void> {
  const { db } = deps
  const { input } = run
  const { trainingId } = input
  const replicate = configured(deps.replicate)

  if (run.stored('photos') === null)
    await run.commit(enterStage(db, trainingId, { status: 'preparing', stage: 'upload' }))
  const photos = await run.step('photos', () => preparePhotos(deps, run))
  const removing = { before: recordPhotos(db, { input, photos, now: deps.now() }) }
  await run.step('uploads-removed', () => removeUploads(deps, run), removing)

  const entering = { before: enterStage(db, trainingId, { status: 'starting', stage: 'training' }) }
  const destination = await run.step('destination', () => ensureDestination(deps, replicate, run), entering)
  const training = await readNow(db, trainingId)
  const runId = await createRun({ ...deps, replicate }, run, { training, destination, photos })
  await handOver(deps, run, runId)
}

/** Once their archive is stored nobody needs the single photos any more. */
async function removeUploads(deps: StartDeps, run: JobRun<TrainingStartInput>): Promise<null> {
  const { db, store, workBucket: bucket } = deps
  const { source, userId, trainingId } = run.input
  if (source.kind === 'uploads') {
    for (const { name, generation } of source.photos) await store.remove({ bucket, name }, generation)
    const released = reservationsOf(source)
    await run.commit(async () => settleStorage(db, { userId, released, addedBytes: 0 }))
  }
  const training = await readNow(db, trainingId)
  logTrainingStage(run.logger, { training, stage: 'upload', status: 'done', durationMs: ageMs(deps, training) })
  return null
}

/** A model that a training goes to has to be there before, and is private from its first moment on. */
async function ensureDestination(
  deps: StartDeps,
  replicate: ReplicateSettings,
  run: JobRun<TrainingStartInput>,
): Promise<{ owner: string; name: string }> {
  const { trainingId } = run.input
  const { owner, hardware, client } = replicate
  const wish = { owner, name: `charaforge-${trainingId}`, hardware, signal: run.signal }
  const { name } = await client.models.ensurePrivate(wish).catch((error: unknown) => {
    throw explainRefusal(error, deps.now(), 'destination')
  })
  await run.commit(async () => updateTraining(deps.db, trainingId, { destination: `${owner}/${name}` }))
  return { owner, name }
}

async function endCanceled(deps: StartDeps, run: JobRun<TrainingStartInput>): Promise<void> {
  const { db, mail } = deps
  const { trainingId, source } = run.input
  const training = await readNow(db, trainingId)
  await run.complete({ canceled: true }, (transaction) =>
    endTraining(transaction, db, {
      trainingId,
      end: { status: 'canceled' },
      released: reservationsOf(source),
      mail,
      now: Timestamp.fromDate(deps.now()),
    }),
  )
  const durationMs = ageMs(deps, training)
  logTrainingStage(run.logger, { training, stage: training.stage, status: 'canceled', durationMs })
}

function configured(replicate: ReplicateSettings | null): ReplicateSettings {
  if (replicate !== null) return replicate
  throw new FinalError({
    code: 'training.not-configured',
    message: 'Trainings are not set up here; the operator has to give REPLICATE_API_TOKEN, _OWNER and _WEBHOOK_URL.',
  })
}

function ageMs(deps: StartDeps, training: Training): number {
  return deps.now().getTime() - training.createdAt.toMillis()
}
