import { setTimeout as delay } from 'node:timers/promises'
import { TransientError } from '#shared/errors/app-error.ts'
import { jobId, jobRef } from '#shared/jobs/job-record.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import { define, done, freshName, type Input, useRunnerWorld } from './runner-world.ts'

const world = useRunnerWorld()
const { runnerOf, stored } = world

describe('paid calls', () => {
  const paid = (run: JobRun<Input>, call: () => Promise<string>, answered = true) =>
    run.step('pay', () =>
      run.paidCall({ step: 'pay', provider: 'shop', call, wasAnswered: () => answered, creditsOf: () => 2 }),
    )

  test('are noted as open before they are made, and found lost by the next claim', async () => {
    const killed = new AbortController()
    const definition = define(async (run) => {
      if (run.fence === 1) {
        await paid(run, () => new Promise((_, reject) => killed.signal.addEventListener('abort', reject)))
      }
      expect(run.lostCalls('pay', 'shop')).toBe(1)
      await paid(run, async () => 'bought')
      await done(run)
    })
    const { runner } = runnerOf(definition)
    const input = { name: freshName() }
    const ref = jobRef(world.db, jobId(definition.key(input)))
    const first = runner.handle(definition, input)
    let open: unknown = null
    while (!open) {
      open = (await ref.get()).get('openCall')
      await delay(5)
    }
    expect(open).toMatchObject({ step: 'pay', provider: 'shop' })
    await ref.update({ 'lease.expiresAt': new Date(0) })
    expect(await runner.handle(definition, input)).toEqual({ kind: 'done' })
    expect(await stored(definition, input)).toMatchObject({ credits: { shop: 2 }, openCall: null })
    killed.abort()
    expect(await first).toMatchObject({ kind: 'held' })
  })

  test('that were answered with a failure are not counted as lost', async () => {
    const definition = define(async (run) => {
      await paid(run, async () => Promise.reject(new TransientError({ code: 'shop.busy', message: 'Busy.' })))
    })
    const { runner } = runnerOf(definition)
    const input = { name: freshName() }
    await runner.handle(definition, input)
    expect(await stored(definition, input)).toMatchObject({ openCall: null, lostCalls: {} })
  })

  test('that are open when somebody ends the job are lost: who has it go on again does not take them for never made', async () => {
    const begun = Promise.withResolvers<void>()
    const definition = define(async (run) => {
      await paid(run, () => {
        begun.resolve()
        return new Promise((_, reject) => run.signal.addEventListener('abort', () => reject(run.signal.reason)))
      })
    })
    const shutdown = new AbortController()
    const { runner } = runnerOf(definition, { shutdown: shutdown.signal })
    const input = { name: freshName() }
    const running = runner.handle(definition, input)
    await begun.promise
    await runner.cancel(jobId(definition.key(input)), { code: 'test.unwanted', message: 'Nobody wants it any more.' })
    shutdown.abort()
    await running
    expect(await stored(definition, input)).toMatchObject({
      state: 'canceled',
      openCall: null,
      lostCalls: { pay: { shop: 1 } },
    })
  })

  test('whose answer was lost on the way are counted', async () => {
    const definition = define(async (run) => {
      await paid(run, async () => Promise.reject(new TransientError({ code: 'http.reset', message: 'Reset.' })), false)
    })
    const { runner } = runnerOf(definition)
    const input = { name: freshName() }
    await runner.handle(definition, input)
    expect(await stored(definition, input)).toMatchObject({ openCall: null, lostCalls: { pay: { shop: 1 } } })
  })
})
