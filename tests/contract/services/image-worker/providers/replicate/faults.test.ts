import { createClock } from '#local/clock.ts'
import { LOCAL_REPLICATE_TOKEN } from '#local/replicate/account.ts'
import type { ReplicateEndpoint, ReplicateFault } from '#local/replicate/faults.ts'
import { ConfigError, TransientError } from '#shared/errors/app-error.ts'
import { wasAnswered } from '../../../../../../services/image-worker/providers/provider-error.ts'
import { discPicture, padded } from '../pictures.ts'
import { asked, type Harness, models, providerCall, providerFailure, START_MS, startHarness } from './harness.ts'

const picture = await discPicture(64, 48)
/** Too large for a data URL, so that it is uploaded first. */
const largeFile = padded(picture, 300_000)
let harness: Harness
async function start(...args: Parameters<typeof startHarness>): Promise<Harness> {
  harness = await startHarness(...args)
  return harness
}
afterEach(() => harness.close())

const STEPS = {
  background: ({ background }: Harness, call = providerCall(), image = picture) =>
    background.removeBackground(image, call),
  upscale: ({ upscaler }: Harness, call = providerCall(), image = picture) =>
    upscaler.upscale(image, { width: 128, height: 96 }, call),
}

interface Row {
  fault: ReplicateFault
  code: string
  retryable: boolean
  scope?: 'provider' | 'picture'
  answered: boolean
}

const status = (code: number, more: { html?: boolean } = {}) => ({ kind: 'status', status: code, ...more }) as const

/** What is certain to be final, what may pass, and what may have been paid. */
const final = { retryable: false, answered: true }
const passing = { retryable: true, answered: true }
const lost = { retryable: true, answered: false }

const CREATION_ROWS: Row[] = [
  { fault: { ...status(302), headers: { location: '/v1/predictions' } }, code: 'replicate.bad-answer', ...passing },
  { fault: status(400), code: 'replicate.refused', ...final },
  { fault: status(401), code: 'replicate.denied', ...final },
  { fault: status(402), code: 'replicate.no-credit', ...final },
  { fault: status(403), code: 'replicate.denied', ...final },
  { fault: status(404), code: 'replicate.not-found', ...final },
  { fault: status(408), code: 'replicate.answer-lost', ...lost },
  { fault: status(422), code: 'replicate.refused', ...final },
  { fault: status(429), code: 'replicate.rate-limited', ...passing },
  { fault: status(500), code: 'replicate.unavailable', ...passing },
  { fault: status(502, { html: true }), code: 'replicate.answer-lost', ...lost },
  { fault: status(503), code: 'replicate.unavailable', ...passing },
  { fault: status(504, { html: true }), code: 'replicate.answer-lost', ...lost },
  { fault: { kind: 'html' }, code: 'replicate.bad-answer', ...lost },
  { fault: { kind: 'json' }, code: 'replicate.bad-answer', ...lost },
  { fault: { kind: 'hang' }, code: 'replicate.answer-lost', ...lost },
  { fault: { kind: 'reset' }, code: 'replicate.answer-lost', ...lost },
  { fault: { kind: 'lost-answer' }, code: 'replicate.answer-lost', ...lost },
  { fault: { kind: 'cut-body' }, code: 'replicate.answer-lost', ...lost },
]

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
  test.each(CREATION_ROWS)('creation: $fault is $code, sent once', async ({ fault, ...expected }) => {
    await start(fault.kind === 'hang' ? { timeouts: { headersMs: 100 } } : {})
    harness.standIn.inject({ fault, times: 1, endpoint: 'create' })
    const error = await providerFailure(STEPS[step](harness))
    expect(error).toMatchObject({ scope: 'provider', ...expected })
    expect(error.message).toMatch(/^[A-Z].+\.$/)
    expect(asked(harness.standIn)).toEqual({ create: 1 })
    // A run that is charged and whose answer is lost must never pass for one that was not made.
    const charged = harness.standIn.requests.some((request) => request.charged)
    expect(charged && wasAnswered(error)).toBe(false)
    harness.standIn.assertAllFired()
    // The fault was the only thing wrong: the same call succeeds without it.
    if (fault.kind === 'hang') return
    await expect(STEPS[step](harness)).resolves.toMatchObject({ credits: expect.any(Number) })
  })

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
    await start({ waitSeconds: 60 })
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

  // Reading costs nothing and what is read is paid.
  test.each<[ReplicateEndpoint, ReplicateFault, number]>([
    ['get', status(429), 2],
    ['get', status(500), 3],
    ['get', status(502, { html: true }), 3],
    ['get', { kind: 'html' }, 2],
    ['get', { kind: 'json' }, 1],
    ['get', { kind: 'reset' }, 2],
    ['get', { kind: 'lost-answer' }, 1],
    ['get', { kind: 'cut-body' }, 1],
    ['get', { kind: 'hang' }, 1],
    ['get', { kind: 'delay', ms: 20 }, 1],
    ['output', status(429), 1],
    ['output', status(500), 3],
    ['output', { kind: 'html' }, 2],
    ['output', { kind: 'json' }, 1],
    ['output', { kind: 'reset' }, 1],
    ['output', { kind: 'cut-body' }, 2],
    ['output', { kind: 'half-picture' }, 1],
    ['output', { kind: 'noise' }, 1],
    ['output', { kind: 'wrong-type', contentType: 'image/jpeg' }, 1],
    ['output', { kind: 'hang' }, 1],
  ])('reading (%s) outlives %j, %d times in a row', async (endpoint, fault, times) => {
    await start(fault.kind === 'hang' ? { timeouts: { headersMs: 100 } } : {})
    harness.standIn.inject({ fault, times, endpoint })
    await expect(STEPS[step](harness)).resolves.toMatchObject({ credits: expect.any(Number) })
    expect(asked(harness.standIn).create).toBe(1)
    harness.standIn.assertAllFired()
  })

  test.each<[ReplicateFault, string]>([
    [status(500), 'replicate.unavailable'],
    [{ kind: 'cut-body' }, 'replicate.answer-lost'],
    [{ kind: 'html' }, 'replicate.bad-picture'],
    [{ kind: 'half-picture' }, 'replicate.bad-picture'],
    [{ kind: 'noise' }, 'replicate.bad-picture'],
    [{ kind: 'wrong-type', contentType: 'application/octet-stream' }, 'replicate.bad-picture'],
  ])('an output that stays %j is a paid answer lost', async (fault, code) => {
    await start()
    harness.standIn.inject({ fault, times: 4, endpoint: 'output' })
    expect(await providerFailure(STEPS[step](harness))).toMatchObject({ code, ...lost })
    expect(asked(harness.standIn)).toMatchObject({ create: 1, output: 4 })
    harness.standIn.assertAllFired()
  })

  test.each([404, 410])('an output that answers %d is gone, and asked for once', async (code) => {
    await start()
    harness.standIn.inject({ fault: status(code), times: 1, endpoint: 'output' })
    expect(await providerFailure(STEPS[step](harness))).toMatchObject({ code: 'replicate.output-gone', ...lost })
    expect(asked(harness.standIn)).toMatchObject({ create: 1, output: 1 })
    harness.standIn.assertAllFired()
  })

  test('an output of another shape is not the picture we asked for', async () => {
    await start()
    harness.standIn.inject({ fault: { kind: 'wrong-size', width: 20, height: 60 }, times: 1 })
    expect(await providerFailure(STEPS[step](harness))).toMatchObject({ code: 'replicate.bad-picture', ...lost })
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

  test.each<[ReplicateFault, string, boolean]>([
    [status(413), 'replicate.refused', false],
    [status(500), 'replicate.unavailable', true],
    [{ kind: 'html' }, 'replicate.bad-answer', true],
    [{ kind: 'lost-answer' }, 'replicate.answer-lost', true],
  ])('an upload that meets %j is not paid for', async (fault, code, retryable) => {
    await start()
    harness.standIn.inject({ fault, times: 1, endpoint: 'upload' })
    const error = await providerFailure(STEPS[step](harness, providerCall(), largeFile))
    expect(error).toMatchObject({ code, retryable, answered: true })
    expect(asked(harness.standIn)).toEqual({ upload: 1 })
    harness.standIn.assertAllFired()
  })

  test('an upload that cannot be removed again is no reason to lose the picture', async () => {
    await start()
    harness.standIn.inject({ fault: status(500), times: 1, endpoint: 'file' })
    await expect(STEPS[step](harness, providerCall(), largeFile)).resolves.toMatchObject({
      credits: expect.any(Number),
    })
    expect(asked(harness.standIn)).toMatchObject({ upload: 1, create: 1, file: 1 })
    harness.standIn.assertAllFired()
  })

  test('a shutdown while a run is under way stops the run and ends with its own reason', async () => {
    await start()
    harness.standIn.inject({ fault: { kind: 'never-ends' }, times: 1 })
    const stop = new AbortController()
    // As the jobs do it: the reason is a typed failure itself, and not one of Replicate's.
    const reason = new TransientError({ code: 'job.shutdown', message: 'The service stops.' })
    const calling = expect(STEPS[step](harness, providerCall(stop.signal))).rejects.toBe(reason)
    await seen('get')
    stop.abort(reason)
    await calling
    expect(asked(harness.standIn)).toMatchObject({ create: 1, cancel: 1 })
    expect(wasAnswered(reason)).toBe(false)
    harness.standIn.assertAllFired()
  })

  test('a shutdown in the middle of a creation ends it at once', async () => {
    await start()
    harness.standIn.inject({ fault: { kind: 'hang' }, times: 1, endpoint: 'create' })
    const stop = new AbortController()
    const reason = new TransientError({ code: 'job.shutdown', message: 'The service stops.' })
    const calling = expect(STEPS[step](harness, providerCall(stop.signal))).rejects.toBe(reason)
    await seen('create')
    stop.abort(reason)
    await calling
    harness.standIn.assertAllFired()
  })

  test('another token, no credit and a version that is gone are told apart', async () => {
    await start({ apiToken: () => 'r8_revoked' })
    expect(await providerFailure(STEPS[step](harness))).toMatchObject({ code: 'replicate.denied', ...final })
    await harness.close()
    await start({}, { credit: 1 })
    await STEPS[step](harness)
    expect(await providerFailure(STEPS[step](harness))).toMatchObject({ code: 'replicate.no-credit', ...final })
    await harness.close()
    const gone = { ...models[step], version: 'f'.repeat(64) }
    await start({ [step]: gone })
    expect(await providerFailure(STEPS[step](harness))).toMatchObject({
      code: 'replicate.refused',
      facts: { said: expect.stringContaining('version does not exist') },
      ...final,
    })
  })

  test('a server that is not there was not paid', async () => {
    await start()
    await harness.standIn.close()
    expect(await providerFailure(STEPS[step](harness))).toMatchObject({ code: 'replicate.unreachable', ...passing })
    await start()
  })
})

test.each<[string, ReplicateFault, number]>([
  ['in its header', { ...status(429), headers: { 'retry-after': '7' } }, 7_000],
  ['in its body', { ...status(429), body: { retry_after: 5 } }, 5_000],
  ['in words', { ...status(429), body: { detail: 'Request was throttled. Your rate limit resets in ~30s.' } }, 30_000],
  ['nowhere', status(429), 15_000],
])('a rate limit that says %s when it ends is retried then', async (_where, fault, waitMs) => {
  await start()
  // Real time for the header: the HTTP client reads it.
  const headerBase = Date.now()
  harness.standIn.inject({ fault, times: 1, endpoint: 'create' })
  const error = (await providerFailure(STEPS.upscale(harness))) as unknown as TransientError
  const at = error.retryAt?.getTime() ?? 0
  if (_where === 'in its header') expect(Math.abs(at - headerBase - waitMs)).toBeLessThan(2_000)
  else expect(at).toBe(START_MS + waitMs)
  harness.standIn.assertAllFired()
})

test("the account's own limit of runs a minute is met as a rate limit", async () => {
  await start({}, { runsPerMinute: 1 })
  await STEPS.upscale(harness)
  expect(await providerFailure(STEPS.upscale(harness))).toMatchObject({ code: 'replicate.rate-limited', ...passing })
})

test('a token that cannot be read stops the call before anything is sent', async () => {
  const unset = new ConfigError({ code: 'secret.missing', message: 'REPLICATE_API_TOKEN cannot be read.' })
  await start({ apiToken: () => Promise.reject(unset) })
  const error = await providerFailure(STEPS.upscale(harness))
  expect(error).toMatchObject({ code: 'replicate.unreachable', ...final })
  expect(harness.standIn.requests).toHaveLength(0)
})

test("no failure shows the token or the picture, and Replicate's own words stay with the operator", async () => {
  await start()
  harness.standIn.inject({ fault: status(422), times: 1, endpoint: 'create' })
  const error = await providerFailure(STEPS.upscale(harness))
  expect(error.facts).toMatchObject({ status: 422, said: 'Injected by the test' })
  expect(error.message).not.toContain('Injected')
  const shown = JSON.stringify({ ...error, cause: error.cause, stack: error.stack })
  expect(shown).not.toContain(LOCAL_REPLICATE_TOKEN)
  expect(shown).not.toContain('base64')
})

async function seen(endpoint: ReplicateEndpoint): Promise<void> {
  while (!harness.standIn.requests.some((request) => request.endpoint === endpoint)) {
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}
