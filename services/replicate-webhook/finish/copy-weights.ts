import { type Training, updateTraining } from '#shared/documents/trainings.ts'
import { FinalError, TransientError } from '#shared/errors/app-error.ts'
import { checkModelStart } from '#shared/formats/check-model-start.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import type { TrainingFinishInput } from '#shared/trainings/training-jobs.ts'
import { weightsName } from '#shared/trainings/training-places.ts'
import { copyFile, type VerifiedParts } from '#shared/transfer/copy-file.ts'
import { PartStore } from '#shared/transfer/part-store.ts'
import type { SourceFile } from '#shared/transfer/source-file.ts'
import { transferPlanSchema } from '#shared/transfer/transfer-plan.ts'
import type { FinishDeps } from './finish-deps.ts'
import type { FinishedRun } from './finished-run.ts'
import { MAX_WEIGHTS_BYTES, openWeights } from './open-weights.ts'
import { type StoredWeights, storeWeights } from './store-weights.ts'
import { waitOut } from './wait-out.ts'
import { whileWanted } from './wanted.ts'
import { watchCancel } from './watch-cancel.ts'
import { countWeights, takeWeightsRoom } from './weights-room.ts'
import { finishWorkPrefix } from './work-places.ts'

/** Weights that arrive damaged are fetched again; when the second ones are too, it is not the way that damages them. */
const MAX_FETCHES = 2
/** Outputs are removed after an hour: a connection that says nothing is given up soon. */
const STALL_MS = 30_000

/**
 * Copies the weights from Replicate to their place, verified; once for the life of the job. A claim after a crash goes on with
 * the parts that are there.
 * @throws FinalError `training.output-gone`, `.weights-damaged`, what `outputs.locate` and `copyFile` refuse.
 */
export async function copyWeights(
  deps: FinishDeps,
  run: JobRun<TrainingFinishInput>,
  params: { training: Training; result: FinishedRun },
): Promise<StoredWeights> {
  const { db } = deps
  const { trainingId } = run.input
  const parts = new PartStore({
    objects: deps.store,
    streams: deps.streams,
    bucket: deps.bucket,
    prefix: finishWorkPrefix(run.id),
  })
  const completing = { status: 'completing', stage: 'completion', progress: null } as const
  const before = whileWanted(db, trainingId, () => updateTraining(db, trainingId, completing))
  const work = async (): Promise<StoredWeights> => {
    const watch = watchCancel(deps, run)
    try {
      return await fetchAndStore(deps, run, { ...params, parts, signal: watch.signal })
    } finally {
      await watch.stop()
    }
  }
  const stored = await run.step('weights', work, { before })
  // Only now: until the step is stored they are what a later claim goes on with.
  await parts.removeAll()
  await run.commit(countWeights(deps, run, stored.sizeBytes))
  return stored
}

async function fetchAndStore(
  deps: FinishDeps,
  run: JobRun<TrainingFinishInput>,
  params: { training: Training; result: FinishedRun; parts: PartStore; signal: AbortSignal },
): Promise<StoredWeights> {
  const { training, result, parts, signal } = params
  const fetches = (run.stored<number>('fetches') ?? 0) + 1
  const isBare = /\.safetensors$/i.test(new URL(result.weightsUrl).pathname)
  await countParts(run, parts)
  try {
    const verified = await fetchWeights(deps, run, { url: result.weightsUrl, isBare, parts, signal })
    return await storeWeights(deps, {
      open: () => openWeights({ parts, verified, isBare, signal }),
      target: { bucket: deps.bucket, name: weightsName(training) },
      metadata: {
        trainingId: training.id,
        userId: training.userId,
        replicateRunId: run.input.runId,
        replicateVersion: `${result.model}:${result.versionId}`,
      },
      signal,
    })
  } catch (error) {
    signal.throwIfAborted()
    if (!(error instanceof FinalError)) {
      run.logger.warn('The weights could not be copied now.', { error })
      throw waitOut(error, { endedAtMs: result.endedAtMs, nowMs: deps.now().getTime() })
    }
    if (error.code === 'transfer.not-found') throw outputGone(error)
    if (!isDamage(error)) throw error
    run.logger.warn('The weights arrived damaged.', { error, fetches })
    // In this order: parts without a plan are nobody's, and go at the next claim if they don't go now.
    await run.keep('plan', null)
    await parts.removeAll()
    await run.keep('fetches', fetches)
    throw damaged(error, fetches >= MAX_FETCHES)
  }
}

async function fetchWeights(
  deps: FinishDeps,
  run: JobRun<TrainingFinishInput>,
  params: { url: string; isBare: boolean; parts: PartStore; signal: AbortSignal },
): Promise<VerifiedParts> {
  const { url, isBare, parts, signal } = params
  const storedPlan = run.stored<unknown>('plan')
  const path = isBare ? 'lora.safetensors' : 'trained_model.tar'
  const file: SourceFile = { locator: { source: 'url', url }, path, sizeBytes: null, sha256: null, gitBlobSha1: null }
  return await copyFile({
    file,
    // Replicate's own hosts only, and the token for no other.
    locate: async () => ({ ...(await deps.replicate.outputs.locate(url)), sizeBytes: null, sha256: null }),
    web: deps.web,
    parts,
    plan: storedPlan === null ? null : transferPlanSchema.parse(storedPlan),
    async storePlan(plan) {
      await takeWeightsRoom(deps, run, plan.layout)
      await run.keep('plan', plan)
    },
    options: { maxBytes: MAX_WEIGHTS_BYTES, stallMs: STALL_MS },
    checkStart(head, sizeBytes) {
      if (isBare) checkModelStart(head, { path, sizeBytes, kind: 'weights' }, { allowPickle: false })
    },
    onProgress: (progress) => run.report(progress),
    signal,
  })
}

/** Tells the job of parts that an instance stored before it died: that is progress, and no crash that counts. */
async function countParts(run: JobRun<TrainingFinishInput>, parts: PartStore): Promise<void> {
  const { length } = await parts.list()
  if (length > (run.stored<number>('parts') ?? 0)) await run.keep('parts', length)
}

function isDamage({ code }: FinalError): boolean {
  return /^(archive|safetensors|model)\./.test(code) || code === 'transfer.not-a-file' || code === 'transfer.empty'
}

function damaged(cause: FinalError, isLast: boolean): FinalError | TransientError {
  const facts = { because: cause.code }
  const code = 'training.weights-damaged'
  if (isLast) {
    return new FinalError({ code, message: 'The trained model that Replicate gave cannot be used.', facts, cause })
  }
  return new TransientError({ code, message: 'The weights arrived damaged; they are fetched again.', facts, cause })
}

function outputGone(cause: FinalError): FinalError {
  const message = 'The trained model was no longer at Replicate when it was fetched.'
  return new FinalError({ code: 'training.output-gone', message, cause })
}
