import { LOCAL_REPLICATE_TOKEN } from '#local/replicate/account.ts'
import type { ReplicateFault } from '#local/replicate/faults.ts'
import { ConfigError, TransientError } from '#shared/errors/app-error.ts'
import { wasAnswered } from '../../../../../../services/image-worker/providers/provider-error.ts'
import { padded } from '../pictures.ts'
import { providerCall, providerFailure } from '../provider-call.ts'
import { asked, type Harness, models, START_MS, startHarness } from './harness.ts'
import { final, lost, passing, picture, type Row, STEPS, status } from './outcomes.ts'

/** Too large for a data URL, so that it is uploaded first. */
const largeFile = padded(picture, 300_000)

let harness: Harness
async function start(...args: Parameters<typeof startHarness>): Promise<Harness> {
  harness = await startHarness(...args)
  return harness
}
afterEach(() => harness.close())

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

  test('a shutdown in the middle of a creation ends it at once', async () => {
    await start()
    harness.standIn.inject({ fault: { kind: 'hang' }, times: 1, endpoint: 'create' })
    const stop = new AbortController()
    const reason = new TransientError({ code: 'job.shutdown', message: 'The service stops.' })
    const calling = expect(STEPS[step](harness, providerCall(stop.signal))).rejects.toBe(reason)
    while (harness.standIn.requests.length === 0) await new Promise((resolve) => setTimeout(resolve, 2))
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
  const askedAt = Date.now()
  harness.standIn.inject({ fault, times: 1, endpoint: 'create' })
  const error = (await providerFailure(STEPS.upscale(harness))) as unknown as TransientError
  const at = error.retryAt?.getTime() ?? 0
  if (_where === 'in its header') {
    expect(at).toBeGreaterThanOrEqual(askedAt + waitMs)
    expect(at).toBeLessThanOrEqual(Date.now() + waitMs)
  } else {
    expect(at).toBe(START_MS + waitMs)
  }
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
