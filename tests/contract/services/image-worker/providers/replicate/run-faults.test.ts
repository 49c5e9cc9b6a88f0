import { createClock } from '#local/clock.ts'
import { TransientError } from '#shared/errors/app-error.ts'
import { wasAnswered } from '../../../../../../services/image-worker/providers/provider-error.ts'
import { providerCall, providerFailure } from '../provider-call.ts'
import { asked, type Harness, startHarness } from './harness.ts'
import { final, lost, passing, type Row, STEPS, status } from './outcomes.ts'

let harness: Harness
async function start(...args: Parameters<typeof startHarness>): Promise<Harness> {
  harness = await startHarness(...args)
  return harness
}
afterEach(() => harness.close())

const RUN_ROWS: Row[] = [
  { fault: { kind: 'failed', error: 'CUDA out of memory' }, code: 'replicate.failed', scope: 'picture', ...final },
  {
    fault: { kind: 'failed', error: 'Prediction interrupted; please retry (code: PA)' },
    code: 'replicate.interrupted',
    ...passing,
  },
  { fault: { kind: 'canceled' }, code: 'replicate.canceled', ...passing },
  { fault: { kind: 'aborted' }, code: 'replicate.aborted', ...passing },
  { fault: { kind: 'data-removed' }, code: 'replicate.output-gone', ...lost },
  { fault: { kind: 'output', output: null }, code: 'replicate.bad-output', ...final },
  {
    fault: { kind: 'output', output: { url: 'https://replicate.delivery/a.png' } },
    code: 'replicate.bad-output',
    ...final,
  },
  { fault: { kind: 'output', output: [] }, code: 'replicate.bad-output', ...final },
  {
    fault: { kind: 'output', output: ['https://replicate.delivery/1', 'https://replicate.delivery/2'] },
    code: 'replicate.bad-output',
    ...final,
  },
  // A model's author would have us ask the metadata server.
  {
    fault: { kind: 'output', output: 'http://169.254.169.254/computeMetadata/v1/' },
    code: 'replicate.bad-output',
    retryable: false,
    answered: false,
  },
  { fault: { kind: 'output', output: 'data:text/plain;base64,aGVsbG8=' }, code: 'replicate.bad-picture', ...lost },
]

describe.each(['background', 'upscale'] as const)('%s', (step) => {
  test.each(RUN_ROWS)('run: $fault is $code', async ({ fault, ...expected }) => {
    await start()
    harness.standIn.inject({ fault, times: 1 })
    const error = await providerFailure(STEPS[step](harness))
    expect(error).toMatchObject({ scope: 'provider', ...expected })
    expect(error.message).toMatch(/^[A-Z].+\.$/)
    expect(asked(harness.standIn).create).toBe(1)
    expect(asked(harness.standIn).output ?? 0).toBe(0)
    harness.standIn.assertAllFired()
    await expect(STEPS[step](harness)).resolves.toMatchObject({ credits: expect.any(Number) })
  })

  test('a run that never ends is stopped after the deadline, and known to be', async () => {
    await start({ deadlineMs: 30_000 })
    harness.standIn.inject({ fault: { kind: 'never-ends' }, times: 1 })
    const error = await providerFailure(STEPS[step](harness))
    expect(error).toMatchObject({ code: 'replicate.timeout', scope: 'provider', ...passing })
    expect(asked(harness.standIn)).toMatchObject({ create: 1, cancel: 1 })
    const waitedMs = harness.sleptMs.reduce((sum, ms) => sum + ms, 0)
    expect(waitedMs).toBeGreaterThan(30_000)
    expect(waitedMs).toBeLessThanOrEqual(40_000)
    harness.standIn.assertAllFired()
  })

  test('a run that does not leave the queue in time is ended by Replicate itself, as we asked', async () => {
    // There the deadline comes at once, long before our own patience ends.
    await start({ deadlineMs: 30_000 }, { queueMs: 100_000_000, clock: createClock(100_000) })
    const error = await providerFailure(STEPS[step](harness))
    expect(error).toMatchObject({ code: 'replicate.aborted', scope: 'provider', ...passing })
    expect(asked(harness.standIn).cancel ?? 0).toBe(0)
  })

  test('a run whose end cannot be had after the deadline counts as paid', async () => {
    await start({ deadlineMs: 30_000 })
    harness.standIn.inject({ fault: { kind: 'never-ends' }, times: 1 })
    harness.standIn.inject({ fault: status(500), times: 2, endpoint: 'cancel' })
    expect(await providerFailure(STEPS[step](harness))).toMatchObject({ code: 'replicate.unavailable', ...lost })
    harness.standIn.assertAllFired()
  })

  test('a status that nobody has heard of is no end', async () => {
    await start()
    harness.standIn.inject({ fault: { kind: 'unknown-status', status: 'queued' }, times: 1 })
    await expect(STEPS[step](harness)).resolves.toMatchObject({ credits: expect.any(Number) })
    expect(asked(harness.standIn).get).toBeGreaterThan(0)
    harness.standIn.assertAllFired()
  })

  test('a held call that brings the picture in the object needs nothing more', async () => {
    // At the real pace: the call is held for as long as the work takes on a busy machine.
    await start({ waitSeconds: 60 }, { clock: createClock(), queueMs: 0, runMs: 5 })
    harness.standIn.inject({ fault: { kind: 'early-output' }, times: 1 })
    await expect(STEPS[step](harness)).resolves.toMatchObject({ credits: null })
    expect(asked(harness.standIn)).toEqual({ create: 1 })
    harness.standIn.assertAllFired()
  })

  test('odd fields cost nothing but the figures', async () => {
    await start()
    harness.standIn.inject({ fault: { kind: 'odd-fields' }, times: 1 })
    await expect(STEPS[step](harness)).resolves.toMatchObject({ credits: null, remainingCredits: null })
    harness.standIn.assertAllFired()
  })

  test('reading that keeps failing gives the run up and stops it, so nothing is lost', async () => {
    await start()
    harness.standIn.inject({ fault: { kind: 'never-ends' }, times: 1 })
    harness.standIn.inject({ fault: status(500), times: 8, endpoint: 'get' })
    expect(await providerFailure(STEPS[step](harness))).toMatchObject({ code: 'replicate.unavailable', ...passing })
    expect(asked(harness.standIn)).toMatchObject({ create: 1, get: 8, cancel: 1 })
    harness.standIn.assertAllFired()
  })

  test('a run that has ended well by the time it is to be stopped is not lost', async () => {
    await start()
    harness.standIn.inject({ fault: status(500), times: 8, endpoint: 'get' })
    harness.standIn.inject({ fault: { kind: 'delay', ms: 400 }, times: 1, endpoint: 'cancel' })
    await expect(STEPS[step](harness)).resolves.toMatchObject({ credits: expect.any(Number) })
    expect(asked(harness.standIn)).toMatchObject({ create: 1, get: 8, cancel: 1, output: 1 })
    harness.standIn.assertAllFired()
  })

  test('a run that goes on although it was stopped counts as paid', async () => {
    await start({ deadlineMs: 30_000 })
    harness.standIn.inject({ fault: { kind: 'never-ends', evenCanceled: true }, times: 1 })
    expect(await providerFailure(STEPS[step](harness))).toMatchObject({ code: 'replicate.timeout', ...lost })
    harness.standIn.assertAllFired()
  })

  test('a run that can neither be read nor stopped counts as paid', async () => {
    await start()
    harness.standIn.inject({ fault: { kind: 'never-ends' }, times: 1 })
    harness.standIn.inject({ fault: status(401), times: 1, endpoint: 'get' })
    harness.standIn.inject({ fault: { kind: 'reset' }, times: 1, endpoint: 'cancel' })
    expect(await providerFailure(STEPS[step](harness))).toMatchObject({
      code: 'replicate.denied',
      retryable: false,
      answered: false,
    })
    harness.standIn.assertAllFired()
  })

  test('a shutdown while a run is under way stops the run and ends with its own reason', async () => {
    await start()
    harness.standIn.inject({ fault: { kind: 'never-ends' }, times: 1 })
    const stop = new AbortController()
    // As the jobs do it: the reason is a typed failure itself, and not one of Replicate's.
    const reason = new TransientError({ code: 'job.shutdown', message: 'The service stops.' })
    const calling = expect(STEPS[step](harness, providerCall(stop.signal))).rejects.toBe(reason)
    while (asked(harness.standIn).get === undefined) await new Promise((resolve) => setTimeout(resolve, 2))
    stop.abort(reason)
    await calling
    expect(asked(harness.standIn)).toMatchObject({ create: 1, cancel: 1 })
    expect(wasAnswered(reason)).toBe(false)
    harness.standIn.assertAllFired()
  })
})
