import { Timestamp } from '@google-cloud/firestore'
import { LOCAL_CLIPDROP_KEY } from '#local/clipdrop/account.ts'
import type { JobRecord } from '#shared/jobs/job-record.ts'
import { addCharacter, forge, forgeHere, visualsOf } from '../../support/forge.ts'
import { type ModelCloud, startModelCloud } from '../../support/model-cloud.ts'
import { until } from '../../support/until.ts'

const MiB = 1024 * 1024

let world: ModelCloud
let env: Record<string, string>
beforeAll(async () => {
  world = await startModelCloud({ service: false })
  env = { ...world.env, CLIPDROP_API_KEY: LOCAL_CLIPDROP_KEY, CLIPDROP_BASE_URL: world.cloud.clipdrop.url }
})
afterAll(() => world.close())

const ask = (id: string, fields: Record<string, unknown>) =>
  world.db.doc(`ai_models/${id}`).set({ name: id, syncStatus: 'syncing', ...fields })
const statusOf = async (id: string) => (await world.db.doc(`ai_models/${id}`).get()).get('syncStatus') as string
const jobOf = async (subject: string) => {
  const { docs } = await world.db.collection('jobs').where('subject', '==', subject).get()
  return docs[0]?.data() as JobRecord | undefined
}

test('two workers at once do what waits, models and images, each job once, and end when nothing is left', async () => {
  const { sha256, ...ids } = world.addCivitaiModel(2 * MiB)
  await ask('first', ids)
  await ask('second', ids)
  await ask('broken', { civitaiModelId: '999999999' })
  const { characterId } = await addCharacter(world)
  const { TASKS_QUEUE: _queue, ...withoutQueue } = env
  await forgeHere(['images', 'process', characterId], withoutQueue)

  const work = () => forgeHere(['worker', 'run', '--once', '--json'], env)
  const answers = await Promise.all([work(), work()])
  const ends = new Map(
    answers
      .flatMap((answer) => answer.records())
      .filter((one) => one.type === 'end')
      .map((one) => [one.modelId ?? one.characterId, one]),
  )
  expect(ends.get('first')).toMatchObject({ queue: 'models', state: 'done', sha256, sizeBytes: 2 * MiB })
  expect(ends.get('second')).toMatchObject({ state: 'done', gcsUri: ends.get('first')?.gcsUri })
  expect(ends.get('broken')).toMatchObject({ state: 'failed', code: 'civitai.not-found' })
  expect(ends.get(characterId)).toMatchObject({ queue: 'images', state: 'done', credits: { clipdrop: 2 }, claims: 1 })
  // Whoever had the failed one in its hands says so.
  for (const answer of answers) {
    const summary = answer.records().at(-1)
    expect(summary).toMatchObject({ type: 'summary', canceled: 0 })
    expect(answer.exitCode).toBe(summary?.failed === 0 ? 0 : 1)
  }
  expect(answers.map(({ exitCode }) => exitCode)).toContain(1)
  expect(await Promise.all(['first', 'second', 'broken'].map(statusOf))).toEqual(['synced', 'synced', 'notsynced'])
  expect(await visualsOf(world, characterId)).toMatchObject({ showcaseProcessingStatus: 'complete' })
  expect((await world.db.collection('jobs').where('kind', '==', 'copy').get()).size).toBe(1)
  expect((await world.objects()).filter((name) => name.startsWith('models/'))).toHaveLength(1)
})

test('an empty queue ends at once with 0, and what others work on is left to them', async () => {
  await ask('theirs', world.addCivitaiModel(1000))
  await forgeHere(['sync', 'theirs'], env)
  const { docs } = await world.db.collection('jobs').where('subject', '==', 'ai_models/theirs').get()
  const lease = { owner: 'somebody', expiresAt: Timestamp.fromMillis(Date.now() + 60_000) }
  await docs[0]!.ref.update({ state: 'running', lease, claims: 1, fence: 1 })
  const answer = await forgeHere(['worker', 'run', '--once'], env)
  expect(answer).toMatchObject({ exitCode: 0, stderr: '' })
  expect(answer.stdout).toMatch(/^Working on models and images of [\w-]+\.\n0 done, 0 failed, 0 canceled\.\n$/)
  expect(await jobOf('ai_models/theirs')).toMatchObject({ state: 'running', lease: { owner: 'somebody' }, fence: 1 })
  await docs[0]!.ref.delete()
  await world.db.doc('ai_models/theirs').delete()
})

test('a service whose variables are missing is left alone, unless it alone was asked for', async () => {
  const { STORAGE_BUCKET: _bucket, WORK_BUCKET: _work, ...onlyModels } = env
  const answer = await forgeHere(['worker', 'run', '--once'], onlyModels)
  expect(answer.exitCode).toBe(0)
  expect(answer.stderr).toMatch(/^images are left to others: image-worker cannot start: STORAGE_BUCKET is missing/)
  expect(answer.stdout).toMatch(/^Working on models of /)
  const alone = await forgeHere(['worker', 'run', '--once', '--only', 'images'], onlyModels)
  expect(alone.exitCode).toBe(2)
  const neither = await forgeHere(['worker', 'run', '--once'], { ...onlyModels, CIVITAI_BASE_URL: 'nowhere' })
  expect(neither).toMatchObject({ exitCode: 2, stdout: '' })
})

test('stops what is canceled, and on SIGTERM puts down the rest for the next worker to go on with', async () => {
  const { fileHost } = world.cloud.hubs
  fileHost.shape({ slowBeyond: { lanes: 0, bytesPerSecond: 2 * MiB } })
  await ask('unwanted', world.addCivitaiModel(32 * MiB))
  await ask('long', world.addCivitaiModel(16 * MiB))
  const before = fileHost.bytesSent
  const worker = forge(['worker', 'run', '--only', 'models', '--poll', '1', '--json'], { env })
  await until(async () => fileHost.bytesSent - before > 2 * MiB)
  await forgeHere(['sync', 'unwanted', '--cancel'], env)
  await until(async () => (await jobOf('ai_models/unwanted'))?.state === 'canceled')
  worker.child.kill('SIGTERM')
  const stopped = await worker.ended
  expect(stopped.exitCode).toBe(0)
  expect(stopped.records().at(-1)).toEqual({ type: 'summary', done: 0, failed: 0, canceled: 1 })
  expect(await jobOf('ai_models/long')).toMatchObject({ state: 'queued', lease: null, failures: 0 })
  expect(await statusOf('long')).toBe('syncing')

  fileHost.shape({})
  const seen = fileHost.requests.length
  const answer = await forgeHere(['worker', 'run', '--once', '--only', 'models', '--json'], env)
  expect(answer).toMatchObject({ exitCode: 0, stderr: '' })
  expect(await statusOf('long')).toBe('synced')
  // What the first worker had stored was not fetched again.
  const starts = fileHost.requests.slice(seen).map(({ range }) => Number(/^bytes=(\d+)-/.exec(range ?? '')?.[1] ?? 0))
  expect(Math.min(...starts)).toBeGreaterThan(0)
  expect((await world.objects()).filter((name) => name.startsWith('work/'))).toEqual([])
})
