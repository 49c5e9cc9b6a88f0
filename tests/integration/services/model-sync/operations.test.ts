import { Timestamp } from '@google-cloud/firestore'
import { type JobRecord, jobRef } from '#shared/jobs/job-record.ts'
import { createJobRequests } from '#shared/jobs/job-requests.ts'
import { loadOperations } from '../../../../services/model-sync/app.ts'
import { type TestDocuments, useTestDocuments } from '../../../support/documents.ts'

const documents = useTestDocuments()
let deps: { db: TestDocuments['db']; jobs: ReturnType<typeof createJobRequests> }
let operations: Awaited<ReturnType<typeof loadOperations>>
beforeAll(async () => {
  const { db } = documents
  deps = { db, jobs: createJobRequests({ db, wakeQueue: null, deadlineMs: 1000 }) }
  operations = await loadOperations()
})

const modelOf = (id: string) => documents.db.doc(`ai_models/${id}`)
const jobsOf = async (id: string) => {
  const { docs } = await documents.db.collection('jobs').where('subject', '==', `ai_models/${id}`).get()
  return docs.map((found) => ({ ...(found.data() as JobRecord), id: found.id }))
}
const request = (modelId: string) => operations.requestSync(deps, { modelId })
const end = async (id: string) => {
  for (const job of await jobsOf(id)) await jobRef(documents.db, job.id).update({ state: 'done', lease: null })
}

describe('requestSync', () => {
  test('says it in the document first, then has the job that the document’s event would make, due at once', async () => {
    await modelOf('a').set({ syncStatus: 'notsynced', syncRetryAt: Timestamp.now() })
    const answer = await request('a')
    const snapshot = await modelOf('a').get()
    expect(snapshot.data()).toEqual({ syncStatus: 'syncing' })
    const [job, ...others] = await jobsOf('a')
    expect(others).toEqual([])
    expect(answer).toEqual({ kind: 'requested', jobId: job?.id })
    expect(job?.key).toMatch(/^sync:a#\d{4}-\d\d-\d\dT/)
    expect(job?.input).toMatchObject({ modelId: 'a', requestedAtMs: snapshot.updateTime?.toMillis() })
    expect(job?.dueAt?.toMillis()).toBeLessThanOrEqual(Date.now())
  })

  test('asked for twice it is one job, and after its end it is another', async () => {
    await modelOf('b').set({ syncStatus: 'synced' })
    const first = await request('b')
    expect(await request('b')).toEqual({ ...first, kind: 'under-way' })
    await end('b')
    await modelOf('b').update({ syncStatus: 'synced' })
    expect(await request('b')).toMatchObject({ kind: 'requested' })
    expect(await jobsOf('b')).toHaveLength(2)
  })

  test('ten at once ask for one job', async () => {
    await modelOf('c').set({ syncStatus: 'notsynced' })
    const answers = await Promise.all(Array.from({ length: 10 }, () => request('c')))
    expect(new Set(answers.map((answer) => 'jobId' in answer && answer.jobId)).size).toBe(1)
    expect(await jobsOf('c')).toHaveLength(1)
  })

  test('a wish without its job, as a crash between the two leaves it, is gone on with', async () => {
    const { writeTime } = await modelOf('d').set({ syncStatus: 'syncing' })
    expect(await request('d')).toMatchObject({ kind: 'requested' })
    expect((await modelOf('d').get()).updateTime).toEqual(writeTime)
    expect(await jobsOf('d')).toHaveLength(1)
  })

  test('a wish whose job has ended without telling is said to be stuck, and a cancel frees it', async () => {
    await modelOf('e').set({ syncStatus: 'syncing' })
    await request('e')
    await end('e')
    expect(await request('e')).toMatchObject({ kind: 'refused', code: 'sync.stuck' })
    expect(await operations.cancelSync(documents.db, { modelId: 'e' })).toEqual({ kind: 'canceled' })
    expect(await request('e')).toMatchObject({ kind: 'requested' })
  })

  test('a model that is not there is refused and not made', async () => {
    expect(await request('nobody')).toMatchObject({ kind: 'refused', code: 'sync.no-document' })
    expect((await modelOf('nobody').get()).exists).toBe(false)
  })
})

test('a cancel changes what asks, and nothing else', async () => {
  await modelOf('f').set({ syncStatus: 'syncing', name: 'F' })
  expect(await operations.cancelSync(documents.db, { modelId: 'f' })).toEqual({ kind: 'canceled' })
  expect((await modelOf('f').get()).data()).toEqual({ syncStatus: 'notsynced', name: 'F' })
  expect(await operations.cancelSync(documents.db, { modelId: 'f' })).toEqual({ kind: 'not-syncing' })
  expect(await operations.cancelSync(documents.db, { modelId: 'g' })).toMatchObject({ code: 'sync.no-document' })
})

describe('requestNewSync', () => {
  const source = { kind: 'url', url: 'https://example.com/m.safetensors', sha256: null } as const
  const ask = (name: string | null = null) => operations.requestNewSync(deps, { source, name, type: 'model' })

  test('makes a model of the system once, and takes a better name later', async () => {
    const { modelId, kind } = await ask()
    expect(kind).toBe('requested')
    expect((await modelOf(modelId).get()).data()).toMatchObject({
      name: 'm',
      type: 'model',
      userId: null,
      engine: 'url',
      sourceUrl: source.url,
      createdAt: expect.any(Timestamp),
      updatedAt: expect.any(Timestamp),
    })
    expect(await ask('Better')).toMatchObject({ modelId, kind: 'under-way' })
    expect((await modelOf(modelId).get()).get('name')).toBe('Better')
    await ask()
    expect((await modelOf(modelId).get()).get('name')).toBe('Better')
  })

  test('never turns a document that names something else now', async () => {
    const { modelId } = await ask()
    await end(modelId)
    await modelOf(modelId).update({ sourceUrl: 'https://example.com/other', syncStatus: 'synced' })
    expect(await ask()).toMatchObject({ kind: 'refused', code: 'sync.other-source', modelId })
    expect((await modelOf(modelId).get()).get('syncStatus')).toBe('synced')
  })
})

test('finds models that ask and have no job, those whose time has come, and those that ask no longer', async () => {
  const { db } = documents
  for (const { ref } of (await db.collection('ai_models').get()).docs) await ref.delete()
  await modelOf('fresh').set({ syncStatus: 'syncing', name: 'Fresh' })
  await modelOf('live').set({ syncStatus: 'syncing' })
  await modelOf('ended').set({ syncStatus: 'syncing' })
  await request('ended')
  await end('ended')
  await modelOf('early').set({ syncStatus: 'notsynced', syncRetryAt: Timestamp.fromMillis(Date.now() - 1000) })
  await modelOf('too-early').set({ syncStatus: 'notsynced', syncRetryAt: Timestamp.fromMillis(Date.now() + 60_000) })
  await modelOf('synced').set({ syncStatus: 'synced' })
  const found = await operations.findSyncWork(db, {
    liveModelIds: new Set(['live', 'synced', 'deleted']),
    now: new Date(),
  })
  expect(found.begin.map(({ input }) => input.modelId)).toEqual(['early', 'fresh'])
  expect(found.withdrawn).toEqual(['synced', 'deleted'])
  expect((await modelOf('early').get()).data()).toEqual({ syncStatus: 'syncing' })
  expect((await modelOf('too-early').get()).get('syncStatus')).toBe('notsynced')
})

test('a report tells what was copied for this wish from what was there before', async () => {
  const { db } = documents
  const at = (seconds: number) => Timestamp.fromMillis(1_700_000_000_000 + seconds * 1000)
  const result = { gcsUri: 'gs://b/o', sha256: 'ab', sizeBytes: 1000 }
  const base = { state: 'done', failure: null, createdAt: at(100), finishedAt: at(130), updatedAt: at(130), result }
  const job = { ...base, steps: { resolve: { result: { fileId: 'file' } } } } as unknown as JobRecord
  const copy = { state: 'done', createdAt: at(101), finishedAt: at(121) }
  await db.doc('model_files/file').set({ copyJobId: 'copy' })
  await db.doc('jobs/copy').set(copy)
  const report = await operations.reportSync(db, job)
  expect(report).toEqual({ state: 'done', file: { ...result, copiedMs: 20_000 }, failure: null, totalMs: 30_000 })
  await db.doc('jobs/copy').set({ ...copy, createdAt: at(10), finishedAt: at(30) })
  expect((await operations.reportSync(db, job)).file?.copiedMs).toBeNull()
})
