import { Timestamp } from '@google-cloud/firestore'
import type { DocumentServer } from '#local/documents/server.ts'
import { readUsage } from '#shared/documents/quotas.ts'
import { jobId } from '#shared/jobs/job-record.ts'
import { generationNames, trainingStartNames } from '#shared/trainings/training-jobs.ts'
import { type ApiInstance, type ApiWorld, startApiWorld } from '../../../../support/api-world.ts'
import { startDocuments } from '../../../../support/documents.ts'

let documents: DocumentServer
let world: ApiWorld
let api: ApiInstance

beforeAll(async () => {
  documents = await startDocuments()
  world = await startApiWorld({ documents: async () => documents })
  const resolveHost = async () => [{ address: '93.184.215.14', family: 4 }]
  api = await world.start(
    { TRAININGS_PER_DAY: '1', GENERATIONS_PER_DAY: '1', STORAGE_QUOTA_BYTES: '100' },
    { resolveHost },
  )
})
afterEach(() => {
  try {
    documents.faults.assertAllFired()
  } finally {
    documents.faults.clear()
  }
})
afterAll(() => world.close())

const training = { name: 'Ana', type: 'woman', zipUrl: 'https://files.example.com/a.zip' }
const uploads = { files: [{ contentType: 'image/png', sizeBytes: 100 }] }

async function owner() {
  const { uid, token } = await world.signIn()
  const modelId = `model-of-${uid}`
  await world.db.doc(`models/${modelId}`).set({
    userId: uid,
    trainingId: modelId,
    type: 'woman',
    triggerWord: 'ohwx',
    replicate_model_id: 'owner/ana',
    replicate_version_id: 'f'.repeat(64),
    createdAt: Timestamp.now(),
  })
  return { uid, token, generation: { modelId, prompt: 'p' } }
}

test.each([
  ['GET', '/api/trainings', 'RunQuery'],
  ['GET', '/api/trainings/aaaaaaaaaaaaaaaaaaaa', 'BatchGetDocuments'],
  ['POST', '/api/trainings/aaaaaaaaaaaaaaaaaaaa/cancel', 'BatchGetDocuments'],
  ['GET', '/api/generations/aaaaaaaaaaaaaaaaaaaa', 'BatchGetDocuments'],
  ['GET', '/api/usage', 'BatchGetDocuments'],
])('%s %s: a read that fails may be asked again', async (method, path, endpoint) => {
  const { token } = await world.signIn()
  documents.faults.inject({ fault: { kind: 'status', code: 'PERMISSION_DENIED' }, times: 1, endpoint })
  const failed = await api.call({ token, method, path })
  expect([failed.status, failed.body.error.code]).toEqual([503, 'documents.permission-denied'])
  expect(failed.headers.get('retry-after')).toBe('5')
  expect((await api.call({ token, method, path })).status).toBeLessThan(405)
})

test.each([
  ['/api/trainings', training],
  ['/api/uploads', uploads],
])('POST %s: a decision that cannot be read may be asked again, and nothing is counted', async (path, body) => {
  const { uid, token } = await world.signIn()
  const fault = { kind: 'status', code: 'PERMISSION_DENIED' } as const
  documents.faults.inject({ fault, times: 1, endpoint: 'BatchGetDocuments' })
  const failed = await api.call({ token, path, body })
  expect([failed.status, failed.body.error.code]).toEqual([503, 'documents.permission-denied'])
  const usage = await readUsage(null, world.db, uid)
  expect([usage.quotas.trainings, usage.storage.reserved]).toEqual([{}, {}])
  expect((await api.call({ token, path, body })).status).toBeLessThan(300)
})

// Each user's quota is what one request takes: a commit that was counted twice would be refused.
describe.each([
  ['whose answer is lost', { kind: 'lost-answer' } as const, 1],
  ['that others get in the way of', { kind: 'status', code: 'ABORTED' } as const, 2],
])('a commit %s', (_title, fault, times) => {
  const orderFault = () => documents.faults.inject({ fault, times, endpoint: 'Commit' })

  test('begins one training, whose job is woken', async () => {
    const { uid, token } = await world.signIn()
    orderFault()
    const answer = await api.call({ token, path: '/api/trainings', body: training })
    expect([answer.status, answer.body.error]).toEqual([202, undefined])
    const { id } = answer.body.training
    expect(Object.keys((await readUsage(null, world.db, uid)).quotas.trainings)).toEqual([id])
    expect((await world.db.collection('trainings').where('userId', '==', uid).get()).size).toBe(1)
    await world.tasks.idle()
    const job = jobId(trainingStartNames.key({ trainingId: id }))
    expect(world.woken.filter((url) => url.endsWith(job))).toHaveLength(1)
  })

  test('orders pictures once, and their job is woken', async () => {
    const { uid, token, generation } = await owner()
    orderFault()
    const answer = await api.call({ token, path: '/api/generations', body: generation })
    expect([answer.status, answer.body.error]).toEqual([202, undefined])
    const { id } = answer.body.generation
    expect(Object.keys((await readUsage(null, world.db, uid)).quotas.generations)).toEqual([id])
    await world.tasks.idle()
    const job = jobId(generationNames.key({ generationId: id }))
    expect(world.woken.filter((url) => url.endsWith(job))).toHaveLength(1)
  })

  test('reserves storage once', async () => {
    const { uid, token } = await world.signIn()
    orderFault()
    const answer = await api.call({ token, path: '/api/uploads', body: uploads })
    expect([answer.status, answer.body.error]).toEqual([201, undefined])
    expect(Object.keys((await readUsage(null, world.db, uid)).storage.reserved)).toHaveLength(1)
  })
})

test('a cancel whose jobs cannot be looked up is noted all the same', async () => {
  const { token } = await world.signIn()
  const { id } = (await api.call({ token, path: '/api/trainings', body: training })).body.training
  // The decision reads twice, then the jobs are looked up, each once.
  const cancel = () => api.call({ token, method: 'POST', path: `/api/trainings/${id}/cancel` })
  expect((await cancel()).status).toBe(202)
  const before = api.log.entries.length
  documents.faults.inject({ fault: { kind: 'delay', ms: 0 }, times: 1, endpoint: 'BatchGetDocuments' })
  const fault = { kind: 'status', code: 'PERMISSION_DENIED' } as const
  documents.faults.inject({ fault, times: 2, endpoint: 'BatchGetDocuments' })
  expect((await cancel()).status).toBe(202)
  const warnings = api.log.entries.slice(before).filter(({ severity }) => severity === 'WARNING')
  expect(warnings.map(({ message }) => message)).toEqual(
    Array(2).fill('A job was recorded but could not be woken; the reconciler will.'),
  )
})
