import type { ReplicateEndpoint, ReplicateFault } from '#local/replicate/faults.ts'
import { providerFailure } from '../provider-call.ts'
import { asked, type Harness, startHarness } from './harness.ts'
import { lost, STEPS, status } from './outcomes.ts'

let harness: Harness
async function start(...args: Parameters<typeof startHarness>): Promise<Harness> {
  harness = await startHarness(...args)
  return harness
}
afterEach(() => harness.close())

describe.each(['background', 'upscale'] as const)('%s', (step) => {
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
    await start(fault.kind === 'hang' ? { timeouts: { headersMs: 300 } } : {})
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
})
