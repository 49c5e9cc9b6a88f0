import { recordRun } from '#shared/documents/replicate-runs.ts'
import { JobWaitsError } from '#shared/jobs/job-errors.ts'
import { type JobRecord, jobId, jobRef } from '#shared/jobs/job-record.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import { ReplicateFinalError, ReplicateTransientError } from '#shared/replicate/replicate-error.ts'
import { type Run, runSchema } from '#shared/replicate/run.ts'
import { type RunOwner, webhookUrl } from '#shared/replicate/webhook-url.ts'
import { createRunOnce } from '#shared/trainings/create-run-once.ts'
import { searchLostRun } from '#shared/trainings/search-lost-run.ts'
import { useTestDocuments } from '../../../support/documents.ts'
import { testJob, testRunner } from '../../../support/job-runner.ts'

const documents = useTestDocuments()

const owner: RunOwner = { kind: 'training', jobId: 'ours' }
const begin = Date.parse('2026-05-01T12:00:00Z')

const runOf = (id: string, jobId_ = 'nobody'): Run =>
  runSchema.parse({
    id,
    status: 'processing',
    created_at: new Date(begin).toISOString(),
    webhook: webhookUrl('https://hooks.example.com', { kind: 'training', jobId: jobId_ }),
  })

const lost = () => new ReplicateTransientError({ code: 'replicate.answer-lost', message: 'Lost.', delivery: 'unknown' })

let serial = 0

/** A job that creates one run, looks for it where it must, and ends with its id. */
function world(create: () => Promise<Run>, options: { jobId?: string; listed?: () => Run[] } = {}) {
  const { db } = documents
  const ownerOfIt = { ...owner, jobId: options.jobId ?? owner.jobId }
  const at = { ms: begin }
  const now = () => new Date(at.ms)
  const created: string[] = []
  const definition = testJob<{ name: string }>({
    kind: 'create-once-test',
    key: ({ name }) => `create-once-test:${name}`,
    subject: ({ name }) => `subjects/${name}`,
    async run(run: JobRun<{ name: string }>) {
      const made = await createRunOnce(run, {
        step: 'create',
        now,
        create: async () => {
          created.push('asked')
          return await create()
        },
      })
      if (made !== null) return await run.complete(made.runId, async () => () => {})
      const sought = await searchLostRun({ db, searchMs: 600_000, everyMs: 60_000, now }, run, {
        step: 'create',
        owner: ownerOfIt,
        since: new Date(begin),
        list: async function* () {
          yield* options.listed?.() ?? []
        },
      })
      if (sought.kind === 'not-yet') {
        throw new JobWaitsError({ code: 'test.looks', message: 'Looked for.', until: sought.lookAgainAt })
      }
      await run.complete(sought.kind === 'found' ? sought.run.runId : 'given up', async () => () => {})
    },
  })
  const input = { name: `one-${++serial}` }
  const id = jobId(definition.key(input))
  const runner = testRunner(db, definition, { wakeQueue: { wake: async () => {} } })
  const stored = async () => (await jobRef(db, id).get()).data() as JobRecord
  return {
    at,
    created,
    stored,
    start: () => runner.handle(definition, input),
    resume: () => runner.resume(id),
    change: (change: object) => jobRef(db, id).update(change),
  }
}

test('a run is created, and its id is there for every later claim', async () => {
  const { start, created, stored } = world(async () => runOf('run-1'))
  expect(await start()).toEqual({ kind: 'done' })
  expect(created).toHaveLength(1)
  expect(await stored()).toMatchObject({
    result: 'run-1',
    steps: { create: { result: { runId: 'run-1', atMs: begin } } },
  })
})

test('a run whose answer was lost is found in the list, and not created again', async () => {
  let listed: Run[] = [runOf('somebody-elses')]
  const { start, resume, created, stored, at } = world(() => Promise.reject(lost()), { listed: () => listed })
  expect(await start()).toEqual({ kind: 'woken-later', at: new Date(begin + 60_000) })
  at.ms += 60_000
  expect((await resume()).kind).toBe('woken-later')
  listed = [runOf('somebody-elses'), runOf('the-lost', 'ours')]
  at.ms += 60_000
  expect(await resume()).toEqual({ kind: 'done' })
  expect((await stored()).result).toBe('the-lost')
  expect(created).toHaveLength(1)
})

test('a run whose answer was lost is known by its webhook', async () => {
  const { db } = documents
  const told = { ...owner, jobId: 'told' }
  await db.runTransaction(async (transaction) => {
    const run = runOf('told-of', 'told')
    const { writes } = await recordRun(transaction, db, { run, owner: told, now: new Date(begin) })
    writes(transaction)
  })
  const { start, created, stored } = world(() => Promise.reject(lost()), { jobId: 'told' })
  expect(await start()).toEqual({ kind: 'done' })
  expect((await stored()).result).toBe('told-of')
  expect(created).toHaveLength(1)
})

test('a run that is nowhere is given up after the time of the search, whether the list can be read or not', async () => {
  const { start, resume, created, stored, at } = world(() => Promise.reject(lost()), {
    listed: () => {
      throw new ReplicateTransientError({ code: 'replicate.unavailable', message: 'Down.', delivery: 'answered' })
    },
  })
  await start()
  at.ms += 599_000
  expect(await resume()).toEqual({ kind: 'woken-later', at: new Date(begin + 600_000) })
  at.ms += 1_000
  expect(await resume()).toEqual({ kind: 'done' })
  expect((await stored()).result).toBe('given up')
  expect(created).toHaveLength(1)
})

test('a refusal proves that nothing was created: the next claim creates', async () => {
  let answers = 0
  const { start, resume, created } = world(async () => {
    answers += 1
    if (answers > 1) return runOf('run-2')
    throw new ReplicateTransientError({ code: 'replicate.rate-limited', message: 'Later.', delivery: 'answered' })
  })
  expect((await start()).kind).toBe('try-again')
  expect(await resume()).toEqual({ kind: 'done' })
  expect(created).toHaveLength(2)
})

test('a refusal for good is thrown as it is', async () => {
  const { start } = world(async () => {
    throw new ReplicateFinalError({ code: 'replicate.no-credit', message: 'No credit.', delivery: 'answered' })
  })
  expect(await start()).toEqual({ kind: 'failed', code: 'replicate.no-credit' })
})

test('a call that was open when its job was put down counts as lost, crash or not', async () => {
  const { start, resume, change, created, stored } = world(async () => runOf('never-twice'), {
    listed: () => [runOf('never-twice', 'ours')],
  })
  await start()
  // As if neither the answer nor the loss could be written.
  const { steps: _, ...job } = await stored()
  const openCall = { step: 'create', provider: 'replicate', startedAt: job.createdAt }
  await change({ state: 'queued', steps: {}, openCall, lease: null, result: null, finishedAt: null, expireAt: null })
  expect(await resume()).toEqual({ kind: 'done' })
  expect(created).toHaveLength(1)
  expect(await stored()).toMatchObject({ result: 'never-twice', lostCalls: { create: { replicate: 1 } } })
})
