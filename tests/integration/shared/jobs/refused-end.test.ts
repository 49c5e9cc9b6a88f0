import type { DocumentReference, Transaction } from '@google-cloud/firestore'
import { FinalError, TransientError } from '#shared/errors/app-error.ts'
import { claimJob } from '#shared/jobs/claim.ts'
import type { JobDefinition } from '#shared/jobs/definition.ts'
import { jobId, jobRef } from '#shared/jobs/job-record.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import { putDown } from '#shared/jobs/put-down.ts'
import { fullDocument } from '../../../support/full-document.ts'
import { define, done, freshName, type Input, useRunnerWorld } from './runner-world.ts'

const world = useRunnerWorld()
const { runnerOf, stored } = world

const sentence = 'The provider refused the picture.'
const refuse = async () => {
  throw new FinalError({ code: 'test.refused', message: sentence })
}

/** Tells a document of the failure, as a service does. */
function telling(ref: DocumentReference): Partial<JobDefinition<Input>> {
  return {
    failed:
      async ({ failure, isBrief }) =>
      (transaction) =>
        transaction.update(ref, isBrief ? { status: 'failed' } : { status: 'failed', error: failure.message }),
  }
}

/** Tells a document that is not there. */
const toNobody: Partial<JobDefinition<Input>> = {
  failed: async () => (transaction) => void transaction.update(world.db.doc('subjects/gone'), { status: 'failed' }),
}

/** A document that says "working" and has so many bytes left. */
async function working(freeBytes: number): Promise<DocumentReference> {
  const ref = world.db.collection('subjects').doc(freshName())
  await ref.set(fullDocument(ref, { status: 'working' }, freeBytes))
  return ref
}

test('a failure that the document has no room for ends the job at once, and the document with its bare status', async () => {
  const ref = await working(10)
  let runs = 0
  const definition = define(() => {
    runs += 1
    return refuse()
  }, telling(ref))
  const { runner } = runnerOf(definition)
  const input = { name: freshName() }
  expect(await runner.handle(definition, input)).toEqual({ kind: 'failed', code: 'test.refused' })
  expect(await runner.handle(definition, input)).toEqual({ kind: 'already-done' })
  expect(runs).toBe(1)
  const job = await stored(definition, input)
  expect(job).toMatchObject({ state: 'failed', lease: null, dueAt: null })
  expect(job.failure).toMatchObject({ code: 'test.refused', message: sentence, told: 'status' })
  const snapshot = await ref.get()
  expect([snapshot.get('status'), snapshot.get('error')]).toEqual(['failed', undefined])
})

test('a document with room is told all of it', async () => {
  const ref = await working(200)
  const definition = define(refuse, telling(ref))
  const input = { name: freshName() }
  await runnerOf(definition).runner.handle(definition, input)
  const { failure } = await stored(definition, input)
  expect(failure).not.toHaveProperty('told')
  expect((await ref.get()).data()).toMatchObject({ status: 'failed', error: sentence })
})

test('where not even the status can be written the job ends all the same, and is cleaned up', async () => {
  const cleaned: string[] = []
  const afterAStep = async (run: JobRun<Input>) => {
    await run.step('first', async () => 'stored')
    await refuse()
  }
  const definition = define(afterAStep, {
    ...toNobody,
    cleanUp: async ({ input }) => void cleaned.push(input.name),
  })
  const input = { name: freshName() }
  expect(await runnerOf(definition).runner.handle(definition, input)).toEqual({ kind: 'failed', code: 'test.refused' })
  expect(cleaned).toEqual([input.name])
  expect(await stored(definition, input)).toMatchObject({
    failure: { code: 'test.refused', told: 'nothing' },
    steps: { first: { result: 'stored' } },
  })
})

test('a result that the document has no room for fails the job', async () => {
  const ref = await working(100)
  const definition = define(async (run) => {
    await run.complete({ ok: true }, async () => (tx) => tx.update(ref, { status: 'done', url: 'u'.repeat(200) }))
  }, telling(ref))
  const input = { name: freshName() }
  const outcome = await runnerOf(definition).runner.handle(definition, input)
  expect(outcome).toEqual({ kind: 'failed', code: 'documents.invalid-argument' })
  expect(await stored(definition, input)).toMatchObject({ state: 'failed', result: null })
  expect((await ref.get()).get('status')).toBe('failed')
})

test('a refused progress ends the job before the work of its step', async () => {
  const ref = await working(10)
  let calls = 0
  const definition = define(async (run) => {
    const before = async () => (tx: Transaction) => void tx.update(ref, { progress: 'half of it' })
    const work = async () => {
      calls += 1
    }
    await run.step('paid', work, { before })
    await done(run)
  }, telling(ref))
  const outcome = await runnerOf(definition).runner.handle(definition, { name: freshName() })
  expect(outcome).toEqual({ kind: 'failed', code: 'documents.invalid-argument' })
  expect(calls).toBe(0)
})

test('the end that a claim finds is written in the bare status too: crashes, and an input that is not admitted', async () => {
  for (const admitted of [true, false]) {
    const ref = await working(10)
    const definition = define(done, {
      ...telling(ref),
      admit: async () =>
        admitted
          ? { kind: 'run', note: null, slot: null }
          : { kind: 'end', state: 'failed', code: 'test.not-admitted', message: sentence },
    })
    const { runner } = runnerOf(definition)
    const input = { name: freshName() }
    if (admitted) {
      const crashing = define(async () => Promise.reject(new TransientError({ code: 'test.down', message: 'Down.' })))
      await runnerOf(crashing).runner.handle(crashing, input)
      const lease = { owner: 'dead', expiresAt: new Date(0) }
      await jobRef(world.db, jobId(definition.key(input))).update({ state: 'running', lease, failures: 9 })
    }
    const code = admitted ? 'job.crashed' : 'test.not-admitted'
    expect(await runner.handle(definition, input)).toEqual({ kind: 'failed', code })
    expect((await stored(definition, input)).failure).toMatchObject({ code, told: 'status' })
    expect((await ref.get()).get('status')).toBe('failed')
  }
})

test('a claim that cannot be written ends the job, and all of it is told', async () => {
  const ref = await working(1_000)
  let runs = 0
  const run = async () => {
    runs += 1
  }
  const admit = async () => ({ kind: 'run', note: 'n'.repeat(1_048_576), slot: null }) as const
  const definition = define(run, { ...telling(ref), admit })
  const { runner } = runnerOf(definition)
  const input = { name: freshName() }
  const code = 'documents.invalid-argument'
  expect(await runner.handle(definition, input)).toEqual({ kind: 'failed', code })
  expect(await runner.handle(definition, input)).toEqual({ kind: 'already-done' })
  expect(runs).toBe(0)
  expect(await stored(definition, input)).toMatchObject({ state: 'failed', admission: null, failure: { code } })
  expect((await ref.get()).get('error')).toMatch(/1 MiB/)
})

test('a record without room for its rest or its failure ends without what its steps stored, and can be canceled', async () => {
  const fill = async (input: Input, definition: JobDefinition<Input>) => {
    const ref = jobRef(world.db, jobId(definition.key(input)))
    const fields = (await ref.get()).data() ?? {}
    await ref.set(fullDocument(ref, fields, 0, 'progress'))
  }
  for (const how of ['rest', 'failure', 'untold', 'cancel'] as const) {
    const input = { name: freshName() }
    const filled = Promise.withResolvers<void>()
    const definition: JobDefinition<Input> = define(
      async (run) => {
        await fill(input, definition)
        filled.resolve()
        if (how === 'failure' || how === 'untold') await refuse()
        if (how === 'rest') throw new TransientError({ code: 'test.down', message: 'Down for a while.'.repeat(20) })
        await new Promise((_, reject) => run.signal.addEventListener('abort', () => reject(run.signal.reason)))
      },
      how === 'untold' ? toNobody : {},
    )
    const shutdown = new AbortController()
    const { runner } = runnerOf(definition, { shutdown: shutdown.signal })
    const running = runner.handle(definition, input)
    await filled.promise
    if (how === 'cancel') {
      const reason = { code: 'test.unwanted', message: 'Nobody wants it any more.'.repeat(20) }
      expect(await runner.cancel(jobId(definition.key(input)), reason)).toMatchObject({ kind: 'canceled' })
      shutdown.abort()
    }
    await running
    const job = await stored(definition, input)
    const refused = { rest: 'documents.invalid-argument', cancel: 'test.unwanted' } as Record<string, string>
    const code = refused[how] ?? 'test.refused'
    expect({ how, state: job.state, code: job.failure?.code, progress: job.progress }).toEqual({
      how,
      state: how === 'cancel' ? 'canceled' : 'failed',
      code,
      progress: null,
    })
  }
})

test('a rest that was refused for anything but its size does not end the job: the next claim goes on with it', async () => {
  const definition = define(done)
  const input = { name: freshName() }
  const limits = { leaseMs: 60_000, maxFailures: 3, deadlineMs: 86_400_000 }
  const claim = await claimJob(world.db, { definition, input, owner: 'mine', origin: 'event' }, limits)
  const error = new TransientError({ code: 'test.down', message: 'Down.' })
  const run = { definition, input, claimed: claim.kind === 'claimed' ? claim.job : null!, owner: 'mine', credits: {} }
  const refusals = ['documents.refused', 'documents.invalid-argument'].map(
    (code) => new FinalError({ code, message: 'Refused.' }),
  )
  const form = { telling: 'status', isBare: false } as const
  const put = (refusal: FinalError) => putDown(world.db, { ...run, error }, { limits, form: { ...form, refusal } })
  await expect(put(refusals[0]!)).rejects.toBe(refusals[0])
  expect(await stored(definition, input)).toMatchObject({ state: 'running', lease: { owner: 'mine' } })
  expect(await put(refusals[1]!)).toMatchObject({ state: 'failed', failure: { code: 'documents.invalid-argument' } })
})

test('a job of another version is left to that until its deadline, then it ends', async () => {
  const unread = define(done, {
    parseInput() {
      throw new Error('written by another version')
    },
  })
  const { runner } = runnerOf(unread)
  const input = { name: freshName() }
  await runner.enqueue(unread, input)
  const ref = jobRef(world.db, jobId(unread.key(input)))
  await expect(runner.resume(ref.id)).rejects.toThrow('another version')
  await ref.update({ deadlineAt: new Date(0) })
  expect(await runner.resume(ref.id)).toEqual({ kind: 'failed', code: 'job.unreadable' })
  expect(await stored(unread, input)).toMatchObject({ state: 'failed', dueAt: null, failure: { told: 'nothing' } })

  const unwanted = { name: freshName() }
  await runner.enqueue(unread, unwanted)
  const reason = { code: 'test.unwanted', message: 'Nobody wants it any more.' }
  const canceled = { kind: 'canceled', code: 'test.unwanted' }
  expect(await runner.cancel(jobId(unread.key(unwanted)), reason)).toEqual(canceled)
})
