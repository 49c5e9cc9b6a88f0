import { setTimeout as delay } from 'node:timers/promises'
import { FinalError, TransientError } from '#shared/errors/app-error.ts'
import type { Admission } from '#shared/jobs/definition.ts'
import { jobId, jobRef } from '#shared/jobs/job-record.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import { define, done, freshName, type Input, useRunnerWorld } from './runner-world.ts'

const world = useRunnerWorld()
const { runnerOf, stored } = world

/** A job that counts its runs, and how its event is delivered. */
function counted(work = done) {
  const seen = { runs: 0 }
  const definition = define(async (run) => {
    seen.runs += 1
    await work(run)
  })
  const { runner } = runnerOf(definition)
  const input = { name: freshName() }
  return { definition, input, seen, deliver: () => runner.handle(definition, input) }
}

test('runs a job once, however often its event is delivered', async () => {
  const { definition, input, seen, deliver } = counted()
  expect(await deliver()).toEqual({ kind: 'done' })
  expect(await deliver()).toEqual({ kind: 'already-done' })
  expect(seen.runs).toBe(1)
  const job = await stored(definition, input)
  expect(job).toMatchObject({ state: 'done', result: { ok: true }, lease: null, fence: 1, dueAt: null })
  expect(job.expireAt?.toMillis()).toBeGreaterThan(Date.now() + 14 * 86_400_000)
})

test('of twenty concurrent deliveries one works, the others are told to come again, and none is acknowledged early', async () => {
  const started = Promise.withResolvers<void>()
  const release = Promise.withResolvers<void>()
  const { seen, deliver } = counted(async (run) => {
    started.resolve()
    await release.promise
    await done(run)
  })
  const first = deliver()
  await started.promise
  const others = await Promise.all(Array.from({ length: 19 }, deliver))
  expect(new Set(others.map((outcome) => outcome.kind))).toEqual(new Set(['held']))
  release.resolve()
  expect(await first).toEqual({ kind: 'done' })
  expect(seen.runs).toBe(1)
})

test('twenty deliveries that start together agree on one claim', async () => {
  const { seen, deliver } = counted()
  const outcomes = await Promise.all(Array.from({ length: 20 }, deliver))
  expect(outcomes.filter((outcome) => outcome.kind === 'done')).toHaveLength(1)
  expect(seen.runs).toBe(1)
})

test('a stored step is not done again after a failure', async () => {
  const calls: string[] = []
  const definition = define(async (run) => {
    const first = await run.step('first', async () => {
      calls.push('first')
      return { value: 42 }
    })
    await run.step('second', async () => {
      calls.push('second')
      if (calls.length < 3) throw new TransientError({ code: 'test.down', message: 'Down.' })
      return first.value
    })
    await done(run)
  })
  const { runner } = runnerOf(definition)
  const input = { name: freshName() }
  expect(await runner.handle(definition, input)).toMatchObject({ kind: 'try-again', code: 'test.down' })
  expect(await stored(definition, input)).toMatchObject({ state: 'queued', failures: 1, lease: null })
  expect(await runner.handle(definition, input)).toEqual({ kind: 'done' })
  expect(calls).toEqual(['first', 'second', 'second'])
  const job = await stored(definition, input)
  expect(job.steps.second?.result).toBe(42)
  expect(job.failures).toBe(0)
})

test('an instance that stalls past its lease loses it and can write nothing more', async () => {
  const stalled = Promise.withResolvers<void>()
  const writes: string[] = []
  let run1: JobRun<Input> | null = null
  const definition = define(async (run) => {
    if (run.fence === 1) {
      run1 = run
      await stalled.promise
      await run.complete({ by: 1 }, async () => () => writes.push('first'))
    } else {
      await run.complete({ by: 2 }, async () => () => writes.push('second'))
    }
  })
  // So long that no renewal comes by meanwhile: with a stall they stop, too.
  const { runner } = runnerOf(definition, { limits: { leaseMs: 60_000 } })
  const input = { name: freshName() }
  const ref = jobRef(world.db, jobId(definition.key(input)))
  const first = runner.handle(definition, input)
  while (run1 === null) await delay(5)
  // As if its process had been stopped for longer than the lease.
  await ref.update({ 'lease.expiresAt': new Date(Date.now() - 1000) })
  const second = await runner.handle(definition, input)
  stalled.resolve()
  expect(second).toEqual({ kind: 'done' })
  expect(await first).toMatchObject({ kind: 'held' })
  expect(writes).toEqual(['second'])
  expect(await stored(definition, input)).toMatchObject({ state: 'done', result: { by: 2 }, fence: 2 })
})

test('a lease is renewed while the work goes on, so nobody else takes it', async () => {
  const release = Promise.withResolvers<void>()
  const definition = define(async (run) => {
    await release.promise
    await done(run)
  })
  const { runner } = runnerOf(definition, { limits: { leaseMs: 600 } })
  const input = { name: freshName() }
  const first = runner.handle(definition, input)
  const ref = jobRef(world.db, jobId(definition.key(input)))
  const expiries = new Set<number>()
  while (expiries.size < 4) {
    const snapshot = await ref.get()
    const lease = snapshot.get('lease.expiresAt')
    if (lease) expiries.add(lease.toMillis())
    await delay(10)
  }
  expect(await runner.handle(definition, input)).toMatchObject({ kind: 'held' })
  release.resolve()
  expect(await first).toEqual({ kind: 'done' })
})

test('failures without progress between them end the job, visibly and with the last reason', async () => {
  const told: string[] = []
  const definition = define(
    async () => {
      throw new TransientError({ code: 'test.down', message: 'The source is down.' })
    },
    {
      failed:
        async ({ failure }) =>
        () =>
          void told.push(failure.code),
    },
  )
  const { runner } = runnerOf(definition, { limits: { maxFailures: 2 } })
  const input = { name: freshName() }
  const kinds: string[] = []
  for (let attempt = 0; attempt < 4; attempt++) kinds.push((await runner.handle(definition, input)).kind)
  expect(kinds).toEqual(['try-again', 'try-again', 'failed', 'already-done'])
  expect(told).toEqual(['test.down'])
  expect(await stored(definition, input)).toMatchObject({
    state: 'failed',
    failure: { code: 'test.down', message: 'The source is down.' },
  })
})

test('a crash counts as a failure, so that a poison input ends', async () => {
  const definition = define(done)
  const { runner } = runnerOf(definition, { limits: { maxFailures: 2 } })
  const input = { name: freshName() }
  const id = jobId(definition.key(input))
  await runner
    .enqueue(
      define(async () => {}, { admit: notYet }),
      input,
    )
    .catch(() => {})
  const ref = jobRef(world.db, id)
  for (let crash = 1; crash <= 2; crash++) {
    await ref.update({ state: 'running', lease: { owner: 'dead', expiresAt: new Date(0) }, failures: crash })
  }
  expect(await runner.handle(definition, input)).toEqual({ kind: 'failed', code: 'job.crashed' })
})

const notYet = async (): Promise<Admission> => ({
  kind: 'wait',
  code: 'test.not-yet',
  message: 'Not yet.',
  retryAt: new Date(Date.now() + 1000),
})

test('a final failure is recorded and acknowledged at once', async () => {
  const definition = define(async () => {
    throw new FinalError({ code: 'test.bad', message: 'Bad.' })
  })
  const { runner } = runnerOf(definition)
  const input = { name: freshName() }
  expect(await runner.handle(definition, input)).toEqual({ kind: 'failed', code: 'test.bad' })
})

test('a failure that says when to try again is woken then, and an event before that does not start it', async () => {
  let runs = 0
  const retryAt = new Date(Date.now() + 3_600_000)
  const definition = define(async (run) => {
    runs += 1
    if (runs === 1) throw new TransientError({ code: 'test.rate-limited', message: 'Later.', retryAt })
    await done(run)
  })
  const { runner, woken } = runnerOf(definition)
  const input = { name: freshName() }
  expect(await runner.handle(definition, input)).toEqual({ kind: 'woken-later', at: retryAt })
  expect(await runner.handle(definition, input)).toMatchObject({ kind: 'woken-later' })
  expect(runs).toBe(1)
  // Asked for twice with one fence and one time: the queue sees one name.
  expect(new Set(woken.map(({ jobId: id, fence, at }) => `${id}${fence}${at.getTime()}`)).size).toBe(1)
  expect(await runner.resume(jobId(definition.key(input)))).toEqual({ kind: 'done' })
  expect(runs).toBe(2)
})

test('without a task queue a later try is left to redelivery', async () => {
  const retryAt = new Date(Date.now() + 60_000)
  const definition = define(async () => {
    throw new TransientError({ code: 'test.rate-limited', message: 'Later.', retryAt })
  })
  const { runner } = runnerOf(definition, { queue: false })
  const input = { name: freshName() }
  expect(await runner.handle(definition, input)).toMatchObject({ kind: 'try-again', code: 'test.rate-limited' })
  expect(await runner.handle(definition, input)).toMatchObject({ kind: 'try-again', code: 'test.rate-limited' })
  expect(await stored(definition, input)).toMatchObject({ state: 'waiting', failures: 1 })
})

test('a shutdown releases the lease and counts as no failure', async () => {
  const shutdown = new AbortController()
  const started = Promise.withResolvers<void>()
  const definition = define(async (run) => {
    if (run.fence > 1) return await done(run)
    started.resolve()
    await new Promise((_resolve, reject) => run.signal.addEventListener('abort', () => reject(run.signal.reason)))
  })
  const { runner } = runnerOf(definition, { shutdown: shutdown.signal })
  const input = { name: freshName() }
  const first = runner.handle(definition, input)
  await started.promise
  shutdown.abort()
  expect(await first).toMatchObject({ kind: 'try-again' })
  expect(await stored(definition, input)).toMatchObject({ state: 'queued', lease: null, failures: 0 })
  expect(await runnerOf(definition).runner.handle(definition, input)).toEqual({ kind: 'done' })
})

test('work that fills a request goes on in another, woken at once', async () => {
  const definition = define(async (run) => {
    await run.step('slow', async () => 'stored')
    if (run.fence === 1) {
      // A busy machine may have spent the budget on the step.
      run.signal.throwIfAborted()
      await new Promise((_resolve, reject) => run.signal.addEventListener('abort', () => reject(run.signal.reason)))
    }
    await done(run)
  })
  const { runner, woken } = runnerOf(definition, { limits: { workBudgetMs: 300 } })
  const input = { name: freshName() }
  expect(await runner.handle(definition, input)).toMatchObject({ kind: 'woken-later' })
  expect(woken).toHaveLength(1)
  expect(await stored(definition, input)).toMatchObject({ failures: 0, steps: { slow: { result: 'stored' } } })
  expect(await runner.resume(woken[0]!.jobId)).toEqual({ kind: 'done' })
})

test('a job that is not admitted yet costs no failure and is answered with another try', async () => {
  let ready = false
  const definition = define(done, {
    admit: async () => (ready ? { kind: 'run', note: 7, slot: null } : await notYet()),
  })
  const { runner } = runnerOf(definition)
  const input = { name: freshName() }
  expect(await runner.handle(definition, input)).toMatchObject({ kind: 'try-again', code: 'test.not-yet' })
  expect(await stored(definition, input)).toMatchObject({ failures: 0, claims: 0 })
  ready = true
  expect(await runner.handle(definition, input)).toEqual({ kind: 'done' })
  expect(await stored(definition, input)).toMatchObject({ admission: 7 })
})

test('a job past its deadline fails for good instead of being tried again', async () => {
  const definition = define(async () => {
    throw new TransientError({ code: 'test.down', message: 'Down.' })
  })
  const { runner } = runnerOf(definition, { limits: { deadlineMs: 1, maxFailures: 99 } })
  const input = { name: freshName() }
  await runner.enqueue(definition, input)
  await delay(5)
  expect(await runner.handle(definition, input)).toEqual({ kind: 'failed', code: 'job.too-late' })
})

test('without a queue a job that cannot even begin holds up none that is woken after it', async () => {
  const definition = define(done, {
    parseInput(input) {
      if ((input as Input).order === 1) throw new Error('written by a version that is gone')
      return input as Input
    },
  })
  const name = freshName()
  const { runner } = runnerOf(definition, { queue: false })
  expect(await runner.enqueue(definition, { name, order: 1 })).toMatchObject({ kind: 'try-again', code: 'internal' })
  expect(await runner.enqueue(definition, { name, order: 2 })).toEqual({ kind: 'done' })
})
