import type { ReplicateClient } from '#shared/replicate/client.ts'
import { pickOutput } from '#shared/replicate/outputs.ts'
import { isTerminal, type Prediction } from '#shared/replicate/prediction.ts'
import { type Waiting, waitForPrediction } from '#shared/replicate/wait-for-prediction.ts'
import type { BackoffPolicy } from '#shared/retry/backoff.ts'
import { retry } from '#shared/retry/retry.ts'
import type { ProviderCall, ProviderImage } from '../provider.ts'
import { type AnsweredPicture, readPicture } from '../read-picture.ts'
import { fillTemplate, type InputValues } from './input-template.ts'
import type { ModelSettings } from './model-settings.ts'
import {
  badPicture,
  lostRun,
  otherShapeOfOutput,
  type Phase,
  removedResult,
  toProviderError,
  unsuccessfulRun,
} from './replicate-errors.ts'
import { stageInput } from './stage-input.ts'

/** What both providers need. */
export interface ReplicateProviderOptions extends Waiting {
  client: ReplicateClient
  model: ModelSettings
  /** How long the create call is held for the result (1 to 60 s); most models are done by then. */
  waitSeconds?: number
  /** How long a run may take, its queue included. Two steps of it must fit into a job's 540 s. */
  deadlineMs?: number
}

export interface ModelAnswer {
  picture: AnsweredPicture
  /** Seconds of computing: what Replicate bills models by that are run by version. Null for others, and where it does not say. */
  seconds: number | null
}

const DEFAULT_WAIT_SECONDS = 60
const DEFAULT_DEADLINE_MS = 240_000
/** Replicate stops the run at the deadline; we give it a moment to say so. */
const DEADLINE_SLACK_MS = 10_000
/** A shutdown has ten seconds in all. */
const CANCEL_WITHIN_MS = 3_000
/** 4096² pixels of RGBA that hardly compress, and the fourfold of our two megapixels. */
const MAX_OUTPUT_BYTES = 128 * 1024 * 1024
/** What is paid lies there for an hour: a broken download is begun anew. */
const DOWNLOAD_BACKOFF: BackoffPolicy = { baseMs: 500, factor: 4, maxMs: 8_000, jitter: 'equal', maxAttempts: 4 }

/**
 * One paid run of a model, from the picture to the proven picture that came of it. The run is created once and never again: the
 * job alone retries. Throws ProviderErrors (`replicate.…`), or the signal's reason; then a run under way is stopped.
 */
export async function runModel(
  options: ReplicateProviderOptions,
  request: { image: ProviderImage; values: Omit<InputValues, 'image'>; call: ProviderCall },
): Promise<ModelAnswer> {
  const { client, model } = options
  const { signal } = request.call
  const input = await inPhase('staging', signal, () => stageInput(client, request.image, signal))
  try {
    const created = await inPhase('creating', signal, () =>
      client.predictions.create({
        version: model.version,
        input: fillTemplate(model.input, { ...request.values, image: input.url }),
        waitSeconds: options.waitSeconds ?? DEFAULT_WAIT_SECONDS,
        cancelAfterSeconds: Math.max(5, Math.round((options.deadlineMs ?? DEFAULT_DEADLINE_MS) / 1000)),
        signal,
      }),
    )
    return await inPhase('running', signal, async () => {
      const { prediction, url } = await finishRun(options, created, signal)
      const picture = await fetchPicture(options, url, signal)
      return { picture, seconds: isBilledByTime(model) ? prediction.predictSeconds : null }
    })
  } finally {
    await input.remove()
  }
}

async function inPhase<T>(phase: Phase, signal: AbortSignal, work: () => Promise<T>): Promise<T> {
  signal.throwIfAborted()
  try {
    return await work()
  } catch (error) {
    signal.throwIfAborted()
    throw toProviderError(error, phase)
  }
}

async function finishRun(
  options: ReplicateProviderOptions,
  created: Prediction,
  signal: AbortSignal,
): Promise<{ prediction: Prediction; url: string }> {
  // A held call may be answered with the result in it while the run still says "processing" (contract §3).
  const early = isTerminal(created) ? null : pickOutput(created.output, options.model.output)
  if (early?.startsWith('data:')) return { prediction: created, url: early }
  const { prediction, isOurDeadline } = await waitOrCancel(options, created, signal)
  if (!isTerminal(prediction)) throw lostRun(prediction)
  if (prediction.status !== 'succeeded') throw unsuccessfulRun(prediction, { isOurDeadline })
  if (prediction.output === null && prediction.isDataRemoved) throw removedResult(prediction)
  const url = pickOutput(prediction.output, options.model.output)
  if (url === null) throw otherShapeOfOutput(prediction)
  return { prediction, url }
}

/** Waits for the end. Whatever ends the waiting before it stops the run: nobody would fetch what it makes, and it is billed. */
async function waitOrCancel(
  options: ReplicateProviderOptions,
  created: Prediction,
  signal: AbortSignal,
): Promise<{ prediction: Prediction; isOurDeadline: boolean }> {
  const { client, now = Date.now, sleep, random } = options
  const { predictions } = client
  const deadlineAtMs = now() + (options.deadlineMs ?? DEFAULT_DEADLINE_MS) + DEADLINE_SLACK_MS
  const waiting = { now, ...(sleep ? { sleep } : {}), ...(random ? { random } : {}) }
  try {
    const last = await waitForPrediction({ ...waiting, predictions, prediction: created, deadlineAtMs, signal })
    if (isTerminal(last)) return { prediction: last, isOurDeadline: false }
    const stopped = await predictions.cancel(last.id, { signal })
    return { prediction: stopped, isOurDeadline: true }
  } catch (error) {
    const stopped = await predictions
      .cancel(created.id, { signal: AbortSignal.timeout(CANCEL_WITHIN_MS) })
      .catch(() => null)
    signal.throwIfAborted()
    if (stopped === null || !isTerminal(stopped)) throw error
    if (stopped.status !== 'succeeded') throw toProviderError(error, 'stopped')
    return { prediction: stopped, isOurDeadline: false }
  }
}

async function fetchPicture(
  options: ReplicateProviderOptions,
  url: string,
  signal: AbortSignal,
): Promise<AnsweredPicture> {
  const { client, now, sleep, random } = options
  const waiting = { ...(now ? { now } : {}), ...(sleep ? { sleep } : {}), ...(random ? { random } : {}) }
  return await retry(
    async () => {
      const answer = await client.outputs.download(url, { maxBytes: MAX_OUTPUT_BYTES, signal })
      return await readPicture({
        answer,
        types: ['image/png', 'image/webp', 'image/jpeg'],
        reject: ({ what, facts, cause }) => badPicture(what, { facts, cause }),
      })
    },
    {
      policy: url.startsWith('data:') ? { ...DOWNLOAD_BACKOFF, maxAttempts: 1 } : DOWNLOAD_BACKOFF,
      signal,
      ...waiting,
    },
  )
}

/** Official models, which are run by name, are billed by their outputs. */
function isBilledByTime(model: ModelSettings): boolean {
  return /(^|:)[0-9a-f]{64}$/.test(model.version)
}
