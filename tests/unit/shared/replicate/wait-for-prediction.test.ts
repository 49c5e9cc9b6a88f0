import type { Prediction } from '#shared/replicate/prediction.ts'
import { ReplicateFinalError, ReplicateTransientError } from '#shared/replicate/replicate-error.ts'
import { type PredictionReader, waitForPrediction } from '#shared/replicate/wait-for-prediction.ts'

const run = (status: Prediction['status']): Prediction => ({
  id: 'abc',
  status,
  output: null,
  error: null,
  predictSeconds: null,
  isDataRemoved: false,
})
const passing = new ReplicateTransientError({ code: 'replicate.unavailable', message: 'Down.', delivery: 'answered' })
const final = new ReplicateFinalError({ code: 'replicate.denied', message: 'No.', delivery: 'answered' })

/** Waits on answers that are given in order, the last one again and again. */
function wait(answers: (Prediction['status'] | Error)[], deadlineMs = 1_000_000) {
  let nowMs = 0
  const sleptMs: number[] = []
  const predictions: PredictionReader = {
    async get() {
      const answer = answers.length > 1 ? answers.shift() : answers[0]
      if (answer === undefined || answer instanceof Error) throw answer
      return run(answer)
    },
  }
  const waiting = waitForPrediction({
    predictions,
    prediction: run('starting'),
    deadlineAtMs: deadlineMs,
    signal: new AbortController().signal,
    now: () => nowMs,
    random: () => 1,
    async sleep(ms) {
      sleptMs.push(ms)
      nowMs += ms
    },
  })
  return { waiting, sleptMs }
}

test('asks at growing distances until the end', async () => {
  const { waiting, sleptMs } = wait([
    'starting',
    'processing',
    'processing',
    'unknown',
    'processing',
    'processing',
    'succeeded',
  ])
  expect(await waiting).toMatchObject({ status: 'succeeded' })
  expect(sleptMs).toEqual([500, 750, 1125, 1688, 2531, 3797, 5000])
})

test('returns what it last knew when the deadline comes first', async () => {
  const { waiting, sleptMs } = wait(['processing'], 3_000)
  expect(await waiting).toMatchObject({ status: 'processing' })
  expect(sleptMs.reduce((sum, ms) => sum + ms, 0)).toBeLessThanOrEqual(3_000)
})

test('outlives passing failures, not those that stay or are final', async () => {
  expect(await wait([passing, passing, passing, 'succeeded']).waiting).toMatchObject({ status: 'succeeded' })
  await expect(wait([passing]).waiting).rejects.toBe(passing)
  await expect(wait([final]).waiting).rejects.toBe(final)
})
