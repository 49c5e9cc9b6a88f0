import { Timestamp } from '@google-cloud/firestore'
import { recordJob } from '#shared/jobs/job-requests.ts'
import { type ForgeRun, forgeHere } from '../../support/forge.ts'
import { type ModelCloud, startModelCloud } from '../../support/model-cloud.ts'

let world: ModelCloud
beforeAll(async () => {
  world = await startModelCloud({ service: false })
})
afterAll(() => world.close())

/** A job in the books, with what has become of it. */
async function job(name: string, change: Record<string, unknown> = {}): Promise<string> {
  const names = { kind: 'sync', key: () => `sync:${name}`, subject: () => `ai_models/${name}` }
  const { id } = await recordJob(world.db, { names, input: { url: 'https://signed' }, deadlineMs: 1000 })
  await world.db.doc(`jobs/${id}`).update(change)
  return id
}

const failure = { code: 'civitai.no-access', message: 'No.', at: Timestamp.now() }
const run = (...args: string[]): Promise<ForgeRun> => forgeHere(['jobs', ...args, '--json'], world.env)

test('lists jobs by kind and state, the newest change first, without what they were asked with', async () => {
  const old = await job('old', { updatedAt: Timestamp.fromMillis(1), state: 'failed', failure })
  const young = await job('young', { updatedAt: Timestamp.fromMillis(2), state: 'failed', failure })
  await job('fine', { state: 'done' })
  const { exitCode, stdout, records } = await run('list', '--kind', 'sync', '--state', 'failed')
  expect(exitCode).toBe(0)
  expect(records().map(({ id }) => id)).toEqual([young, old])
  expect(stdout).not.toContain('https://signed')
  expect((await run('list', '--state', 'nonsense')).exitCode).toBe(2)
})

test('shows one job, and says when there is none', async () => {
  const id = await job('shown', { state: 'waiting', lastFailure: failure })
  expect((await run('show', id)).records()[0]).toMatchObject({
    type: 'job',
    id,
    subject: 'ai_models/shown',
    lastFailure: { code: 'civitai.no-access' },
  })
  expect((await forgeHere(['jobs', 'show', id], world.env)).stdout).toContain('civitai.no-access')
  expect((await run('show', 'nobody')).exitCode).toBe(1)
})

test('shows what people were not told of a failure', async () => {
  const id = await job('untold', { state: 'failed', failure: { ...failure, told: 'status' } })
  expect((await run('show', id)).records()[0]).toMatchObject({ failure: { code: failure.code, told: 'status' } })
  const { stdout } = await forgeHere(['jobs', 'show', id], world.env)
  expect(stdout).toMatch(/told +only that it failed: its document has no room/)
})

test('a job that failed for good goes on where it was, with time for it', async () => {
  const id = await job('failed', {
    state: 'failed',
    failure,
    failures: 7,
    finishedAt: Timestamp.now(),
    expireAt: Timestamp.now(),
    deadlineAt: Timestamp.fromMillis(0),
    dueAt: null,
  })
  expect((await run('retry', id)).records()).toEqual([{ type: 'retried', id, outcome: 'reopened' }])
  const after = (await world.db.doc(`jobs/${id}`).get()).data()
  expect(after).toMatchObject({ state: 'queued', failures: 0, failure: null, finishedAt: null, expireAt: null })
  expect(after?.deadlineAt.toMillis()).toBeGreaterThan(Date.now())
  expect(after?.dueAt.toMillis()).toBeLessThanOrEqual(Date.now())
})

test('a job that rests is due now; one that somebody works on keeps its lease; one that is done stays done', async () => {
  const later = Timestamp.fromMillis(Date.now() + 3_600_000)
  const resting = await job('resting', { state: 'waiting', retryAt: later, dueAt: later })
  const lease = { owner: 'somebody', expiresAt: later }
  const leased = await job('leased', { state: 'running', lease })
  const done = await job('done', { state: 'done' })
  const { records, exitCode } = await run('retry', resting, leased, done)
  expect(records().map(({ outcome }) => outcome)).toEqual(['live', 'live', 'done'])
  expect(exitCode).toBe(0)
  expect((await world.db.doc(`jobs/${resting}`).get()).data()).toMatchObject({ state: 'queued', retryAt: null })
  expect((await world.db.doc(`jobs/${leased}`).get()).data()).toMatchObject({ state: 'running', lease })
  expect((await run('retry', 'nobody')).exitCode).toBe(1)
})
