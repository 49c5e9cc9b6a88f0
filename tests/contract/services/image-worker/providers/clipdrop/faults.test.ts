import { LOCAL_CLIPDROP_KEY } from '#local/clipdrop/account.ts'
import type { ClipDropFault } from '#local/clipdrop/faults.ts'
import { ConfigError, TransientError } from '#shared/errors/app-error.ts'
import { wasAnswered } from '../../../../../../services/image-worker/providers/provider-error.ts'
import { discPicture } from '../pictures.ts'
import { providerCall, providerFailure } from '../provider-call.ts'
import { type Harness, NOW_MS, startHarness } from './harness.ts'

const picture = await discPicture(64, 48)
let harness: Harness
async function start(...args: Parameters<typeof startHarness>): Promise<Harness> {
  harness = await startHarness(...args)
  return harness
}
afterEach(() => harness.close())

const STEPS = {
  'remove-background': ({ background }: Harness, call = providerCall()) => background.removeBackground(picture, call),
  upscale: ({ upscaler }: Harness, call = providerCall()) =>
    upscaler.upscale(picture, { width: 128, height: 96 }, call),
}

interface Row {
  fault: ClipDropFault
  code: string
  retryable: boolean
  scope: 'provider' | 'picture'
  answered: boolean
}

const status = (code: number) => ({ kind: 'status', status: code }) as const
const ROWS: Row[] = [
  {
    fault: { ...status(302), headers: { location: '/remove-background/v1' } },
    code: 'clipdrop.bad-answer',
    retryable: true,
    scope: 'provider',
    answered: true,
  },
  { fault: status(400), code: 'clipdrop.refused', retryable: false, scope: 'picture', answered: true },
  { fault: status(401), code: 'clipdrop.denied', retryable: false, scope: 'provider', answered: true },
  { fault: status(402), code: 'clipdrop.no-credits', retryable: false, scope: 'provider', answered: true },
  { fault: status(403), code: 'clipdrop.denied', retryable: false, scope: 'provider', answered: true },
  { fault: status(404), code: 'clipdrop.changed', retryable: false, scope: 'provider', answered: true },
  { fault: status(406), code: 'clipdrop.changed', retryable: false, scope: 'provider', answered: true },
  { fault: status(408), code: 'clipdrop.answer-lost', retryable: true, scope: 'provider', answered: false },
  { fault: status(413), code: 'clipdrop.refused', retryable: false, scope: 'picture', answered: true },
  { fault: status(422), code: 'clipdrop.refused', retryable: false, scope: 'picture', answered: true },
  { fault: status(429), code: 'clipdrop.rate-limited', retryable: true, scope: 'provider', answered: true },
  { fault: status(500), code: 'clipdrop.unavailable', retryable: true, scope: 'provider', answered: true },
  {
    fault: { ...status(502), html: true },
    code: 'clipdrop.unavailable',
    retryable: true,
    scope: 'provider',
    answered: true,
  },
  { fault: status(503), code: 'clipdrop.unavailable', retryable: true, scope: 'provider', answered: true },
  {
    fault: { ...status(504), html: true },
    code: 'clipdrop.answer-lost',
    retryable: true,
    scope: 'provider',
    answered: false,
  },
  { fault: { kind: 'html' }, code: 'clipdrop.bad-answer', retryable: true, scope: 'provider', answered: true },
  { fault: { kind: 'json' }, code: 'clipdrop.bad-answer', retryable: true, scope: 'provider', answered: true },
  { fault: { kind: 'cut-body' }, code: 'clipdrop.answer-lost', retryable: true, scope: 'provider', answered: false },
  { fault: { kind: 'half-picture' }, code: 'clipdrop.bad-answer', retryable: true, scope: 'provider', answered: false },
  { fault: { kind: 'wrong-type' }, code: 'clipdrop.bad-answer', retryable: true, scope: 'provider', answered: false },
  {
    fault: { kind: 'wrong-type', contentType: 'image/gif' },
    code: 'clipdrop.bad-answer',
    retryable: true,
    scope: 'provider',
    answered: false,
  },
  { fault: { kind: 'noise' }, code: 'clipdrop.bad-answer', retryable: true, scope: 'provider', answered: false },
  {
    fault: { kind: 'wrong-size', width: 20, height: 60 },
    code: 'clipdrop.bad-answer',
    retryable: true,
    scope: 'provider',
    answered: false,
  },
  { fault: { kind: 'hang' }, code: 'clipdrop.answer-lost', retryable: true, scope: 'provider', answered: false },
  { fault: { kind: 'reset' }, code: 'clipdrop.answer-lost', retryable: true, scope: 'provider', answered: false },
  { fault: { kind: 'lost-answer' }, code: 'clipdrop.answer-lost', retryable: true, scope: 'provider', answered: false },
]

describe.each(['remove-background', 'upscale'] as const)('%s', (endpoint) => {
  test.each(ROWS)('$fault is $code, called once', async ({ fault, ...expected }) => {
    await start(fault.kind === 'hang' ? { timeouts: { headersMs: 300 } } : {})
    harness.standIn.inject({ fault, times: 1, endpoint })
    const error = await providerFailure(STEPS[endpoint](harness))
    expect(error).toMatchObject(expected)
    expect(error.message).toMatch(/^[A-Z].+\.$/)
    expect(wasAnswered(error)).toBe(expected.answered)
    expect(harness.standIn.requests).toHaveLength(1)
    harness.standIn.assertAllFired()
    // The fault was the only thing wrong: the same call succeeds without it.
    await expect(STEPS[endpoint](harness)).resolves.toMatchObject({ credits: 1 })
  })

  test('credit headers that say nothing usable cost nothing but the figures', async () => {
    await start()
    harness.standIn.inject({ fault: { kind: 'odd-credits' }, times: 1 })
    const answer = await STEPS[endpoint](harness)
    expect(answer).toMatchObject({ credits: null, remainingCredits: null })
    harness.standIn.assertAllFired()
  })

  test('an answer that takes its time is waited for', async () => {
    await start()
    harness.standIn.inject({ fault: { kind: 'delay', ms: 30 }, times: 1 })
    await expect(STEPS[endpoint](harness)).resolves.toMatchObject({ credits: 1 })
    harness.standIn.assertAllFired()
  })

  test('a shutdown in mid-call ends it with its own reason, as a call that may have been paid', async () => {
    await start()
    harness.standIn.inject({ fault: { kind: 'hang' }, times: 1 })
    const stop = new AbortController()
    // As the jobs do it: the reason is a typed failure itself, and not one of ClipDrop's.
    const reason = new TransientError({ code: 'job.shutdown', message: 'The service stops.' })
    const calling = STEPS[endpoint](harness, providerCall(stop.signal))
    const failed = expect(calling).rejects.toBe(reason)
    while (harness.standIn.requests[0]?.fault !== 'hang') await new Promise((resolve) => setTimeout(resolve, 2))
    stop.abort(reason)
    await failed
    expect(wasAnswered(reason)).toBe(false)
  })

  test('an unknown key, no key and an empty account are told apart', async () => {
    await start({ apiKey: () => 'revoked' })
    expect(await providerFailure(STEPS[endpoint](harness))).toMatchObject({
      code: 'clipdrop.denied',
      facts: { status: 403 },
    })
    await harness.close()
    await start({ apiKey: () => '' })
    expect(await providerFailure(STEPS[endpoint](harness))).toMatchObject({
      code: 'clipdrop.denied',
      facts: { status: 401 },
    })
    await harness.close()
    await start({}, { credits: 1 })
    await STEPS[endpoint](harness)
    expect(await providerFailure(STEPS[endpoint](harness))).toMatchObject({ code: 'clipdrop.no-credits' })
  })

  test('a server that is not there was not paid', async () => {
    await start()
    await harness.standIn.close()
    expect(await providerFailure(STEPS[endpoint](harness))).toMatchObject({
      code: 'clipdrop.unreachable',
      retryable: true,
      answered: true,
    })
    await start()
  })
})

test('without Retry-After a rate limit waits half a minute to a minute, with it as long as it says', async () => {
  await start()
  harness.standIn.inject({ fault: status(429), times: 1 })
  const own = (await providerFailure(STEPS.upscale(harness))) as unknown as TransientError
  expect(own.retryAt?.getTime()).toBe(NOW_MS + 45_000)
  harness.standIn.inject({ fault: { ...status(429), headers: { 'retry-after': '7' } }, times: 1 })
  const told = (await providerFailure(STEPS.upscale(harness))) as unknown as TransientError
  expect(told.retryAt?.getTime()).toBe(NOW_MS + 7_000)
  harness.standIn.assertAllFired()
})

test("the account's own limit of 60 a minute is met as a rate limit", async () => {
  let nowMs = 0
  await start({}, { requestsPerMinute: 2, now: () => nowMs })
  await STEPS.upscale(harness)
  await STEPS.upscale(harness)
  expect(await providerFailure(STEPS.upscale(harness))).toMatchObject({ code: 'clipdrop.rate-limited' })
  nowMs = 60_000
  await expect(STEPS.upscale(harness)).resolves.toMatchObject({ credits: 1 })
})

test('a key that cannot be read stops the call before anything is sent', async () => {
  const unset = new ConfigError({ code: 'secret.missing', message: 'CLIPDROP_API_KEY cannot be read.' })
  await start({ apiKey: () => Promise.reject(unset) })
  const error = await providerFailure(STEPS.upscale(harness))
  expect(error).toMatchObject({ code: 'clipdrop.unreachable', retryable: false, answered: true, cause: unset })
  expect(harness.standIn.requests).toHaveLength(0)
})

test("no failure shows the key, and the provider's own words stay with the operator", async () => {
  await start()
  harness.standIn.inject({ fault: status(422), times: 1 })
  const error = await providerFailure(STEPS.upscale(harness))
  expect(error.facts).toMatchObject({ status: 422, said: 'Injected by the test' })
  expect(error.message).not.toContain('Injected')
  expect(JSON.stringify({ ...error, stack: error.stack })).not.toContain(LOCAL_CLIPDROP_KEY)
})
