import { type BackoffPolicy, backoffDelay } from '../retry/backoff.ts'
import { retry } from '../retry/retry.ts'
import { sleep as realSleep, type Sleep } from '../retry/sleep.ts'
import { isTerminal, type Prediction } from './prediction.ts'

/** Whatever reads runs. */
export interface PredictionReader {
  get(id: string, options?: { signal?: AbortSignal }): Promise<Prediction>
}

export interface Waiting {
  now?: () => number
  sleep?: Sleep
  random?: () => number
}

/** Pictures take seconds, a cold model minutes. Far below the 3,000 requests a minute of the account even with many runs. */
const POLL_PACE: BackoffPolicy = {
  baseMs: 500,
  factor: 1.5,
  maxMs: 5_000,
  jitter: 'equal',
  maxAttempts: Number.POSITIVE_INFINITY,
}

/** A read costs nothing and what it reads is paid: it is tried for about half a minute before the run is given up. */
const READ_BACKOFF: BackoffPolicy = { baseMs: 500, factor: 2, maxMs: 8_000, jitter: 'equal', maxAttempts: 8 }

/**
 * Asks until the run has ended, or until the deadline: then its last known state is returned, which is not terminal. Throws the
 * last failure when reading keeps failing, or the signal's reason.
 */
export async function waitForPrediction(
  params: Waiting & {
    predictions: PredictionReader
    prediction: Prediction
    deadlineAtMs: number
    signal: AbortSignal
  },
): Promise<Prediction> {
  const { predictions, deadlineAtMs, signal } = params
  const { now = Date.now, sleep = realSleep, random = Math.random } = params
  let prediction = params.prediction
  for (let asked = 1; !isTerminal(prediction); asked++) {
    const delayMs = backoffDelay(POLL_PACE, asked, random)
    if (now() + delayMs > deadlineAtMs) return prediction
    await sleep(delayMs, signal)
    prediction = await retry(() => predictions.get(prediction.id, { signal }), {
      policy: READ_BACKOFF,
      signal,
      deadlineAtMs,
      now,
      sleep,
      random,
    })
  }
  return prediction
}
