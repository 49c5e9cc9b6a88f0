import { NotBeforeError, TransientError } from '#shared/errors/app-error.ts'
import { JobWaitsError } from '#shared/jobs/job-errors.ts'
import { type JobFailure, type JobRecord, jobId, jobRef } from '#shared/jobs/job-record.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import type { WakeRequest } from '#shared/jobs/wake.ts'
import { useTestDocuments } from '../../../support/documents.ts'
import { testJob, testRunner } from '../../../support/job-runner.ts'

const documents = useTestDocuments()

interface Input {
  name: string
}

function world(run: (run: JobRun<Input>) => Promise<void>, maxFailures = 1) {
  const cleaned: string[] = []
  const failures: JobFailure[] = []
  const woken: WakeRequest[] = []
  const definition = testJob<Input>({
    kind: 'waiting-test',
    key: ({ name }) => `waiting-test:${name}`,
    subject: ({ name }) => `subjects/${name}`,
    run,
    failed: async ({ failure }) => {
      failures.push(failure)
      return () => {}
    },
    cleanUp: async ({ input }) => void cleaned.push(input.name),
  })
  const wakeQueue = { wake: async (request: WakeRequest) => void woken.push(request) }
  const runner = testRunner(documents.db, definition, { wakeQueue, limits: { maxFailures } })
  const stored = async (name: string) =>
    (await jobRef(documents.db, jobId(definition.key({ name }))).get()).data() as JobRecord
  return { definition, runner, cleaned, failures, woken, stored }
}

test('a job that waits for something else costs no failure, however often it looks', async () => {
  const until = new Date(Date.now() + 3_600_000)
  let looks = 0
  const { definition, runner, woken, stored } = world(async (run) => {
    looks += 1
    if (looks < 5) throw new JobWaitsError({ code: 'test.waits', message: 'Not yet.', until })
    await run.complete(null, async () => () => {})
  })
  const id = jobId(definition.key({ name: 'patient' }))
  expect(await runner.handle(definition, { name: 'patient' })).toEqual({ kind: 'woken-later', at: until })
  expect(await stored('patient')).toMatchObject({ state: 'waiting', failures: 0, lastFailure: null, lease: null })
  // Whoever ends the wait wakes it before its time.
  for (let look = 2; look < 5; look++) expect((await runner.resume(id)).kind).toBe('woken-later')
  expect(await runner.resume(id)).toEqual({ kind: 'done' })
  expect(woken.every((request) => request.jobId === id && request.at.getTime() === until.getTime())).toBe(true)
})

test('failures between one good look and the next are counted, those of a whole wait are not', async () => {
  let looks = 0
  const { definition, runner, stored } = world(async () => {
    looks += 1
    if (looks % 2 === 0) throw new TransientError({ code: 'test.contention', message: 'Not now.' })
    throw new JobWaitsError({ code: 'test.waits', message: 'Not yet.', until: new Date() })
  })
  const id = jobId(definition.key({ name: 'long' }))
  const outcomes = [(await runner.handle(definition, { name: 'long' })).kind]
  while (looks < 6) outcomes.push((await runner.resume(id)).kind)
  expect(outcomes).toEqual(['woken-later', 'try-again', 'woken-later', 'try-again', 'woken-later', 'try-again'])
  expect((await stored('long')).failures).toBe(1)
})

test('a failure that says when to ask again ends the job and keeps that time', async () => {
  const retryAt = new Date('2027-01-01T00:00:00Z')
  const { definition, runner, failures, stored } = world(async () => {
    throw new NotBeforeError({ code: 'test.early', message: 'In early access.', retryAt })
  })
  expect(await runner.handle(definition, { name: 'early' })).toEqual({ kind: 'failed', code: 'test.early' })
  expect(failures[0]?.retryAt?.toDate()).toEqual(retryAt)
  expect((await stored('early')).failure?.retryAt?.toDate()).toEqual(retryAt)
})

test('a canceled job loses its lease, so that its run can write nothing more', async () => {
  const begun = Promise.withResolvers<void>()
  const goOn = Promise.withResolvers<void>()
  const { definition, runner, cleaned, stored } = world(async (run) => {
    begun.resolve()
    await goOn.promise
    await run.complete('too late', async () => () => {})
  })
  const id = jobId(definition.key({ name: 'unwanted' }))
  const running = runner.handle(definition, { name: 'unwanted' })
  await begun.promise
  const reason = { code: 'test.unwanted', message: 'Nobody wants it.' }
  expect(await runner.cancel(id, reason)).toEqual({ kind: 'canceled', code: 'test.unwanted' })
  expect(cleaned).toEqual(['unwanted'])
  goOn.resolve()
  expect((await running).kind).toBe('held')
  expect(await stored('unwanted')).toMatchObject({
    state: 'canceled',
    failure: reason,
    result: null,
    expireAt: expect.anything(),
  })
  const cleanedBefore = cleaned.length
  expect(await runner.cancel(id, reason)).toEqual({ kind: 'already-done' })
  expect(await runner.handle(definition, { name: 'unwanted' })).toEqual({ kind: 'already-done' })
  // Each time anew: whoever ended the job may have died before that.
  expect(cleaned.length - cleanedBefore).toBe(2)
})

test('what a run keeps replaces what it kept before, is there for the next claim, and counts as progress', async () => {
  const seen: unknown[] = []
  const { definition, runner, stored } = world(async (run) => {
    seen.push(run.stored('plan'))
    await run.keep('plan', { parts: seen.length })
    await run.keep('plan', { parts: seen.length * 10 })
    if (seen.length < 4) throw new JobWaitsError({ code: 'test.waits', message: 'Not yet.', until: new Date() })
    await run.complete(null, async () => () => {})
  })
  const id = jobId(definition.key({ name: 'keeper' }))
  await runner.handle(definition, { name: 'keeper' })
  await jobRef(documents.db, id).update({ failures: 1 })
  await runner.resume(id)
  expect((await stored('keeper')).failures).toBe(0)
  await runner.resume(id)
  await runner.resume(id)
  expect(seen).toEqual([null, { parts: 10 }, { parts: 20 }, { parts: 30 }])
})
