import { createHash, randomBytes } from 'node:crypto'
import { FieldValue } from '@google-cloud/firestore'
import { localBuckets } from '#local/environment.ts'
import { keepStorage, readUsage } from '#shared/documents/quotas.ts'
import { runTransaction } from '#shared/documents/transaction.ts'
import { newModelOf } from '#shared/registry/model/new-model.ts'
import { modelUploadUri, uploadReservation } from '#shared/registry/registration/model-uploads.ts'
import { removeFinishedUploads } from '../../../../../services/api/model-uploads.ts'
import { type ApiInstance, type ApiWorld, startApiWorld } from '../../../../support/api-world.ts'

const HOUR_MS = 3_600_000

let world: ApiWorld
let api: ApiInstance

beforeAll(async () => {
  world = await startApiWorld()
  api = await world.start({ MAX_UPLOAD_MODEL_BYTES: '5000', STORAGE_QUOTA_BYTES: '6000' })
})
afterAll(() => world.close())

/** A file, and how its upload is asked for. */
function fileOf(sizeBytes: number, name = 'Portrait.SafeTensors') {
  const bytes = randomBytes(sizeBytes)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  return { bytes, sha256, body: { name, size_bytes: sizeBytes, sha256 } }
}

const ask = (token: string, body: Record<string, unknown>) => api.call({ token, path: '/api/registry/uploads', body })
const reservedBy = async (uid: string) => (await readUsage(null, world.db, uid)).storage.reserved
const isThere = async (name: string) => (await world.store.stat({ bucket: localBuckets.work, name })) !== null

async function send(start: { url: string; method: string; headers: Record<string, string> }, bytes: Buffer) {
  const begun = await fetch(start.url, { method: start.method, headers: start.headers })
  expect(begun.status).toBe(201)
  const put = await fetch(begun.headers.get('location') ?? '', { method: 'PUT', body: new Uint8Array(bytes) })
  expect(put.status).toBe(200)
}

/** A model whose bytes lie in the models bucket. */
async function storeModel(file: { sha256: string; bytes: Buffer }, userId: string | null) {
  const { sha256, bytes } = file
  const name = `models/${sha256.slice(0, 8)}/1.safetensors`
  const object = { bucket: localBuckets.models, name }
  const { generation } = await world.store.write({ ...object, bytes, contentType: 'a/b', ifGeneration: '0' })
  const model = await world.db.collection('ai_models').add({ name: 'Stored', userId, syncStatus: 'synced' })
  const stored = { ...object, generation, sizeBytes: bytes.length, sha256, facts: {} }
  await world.db.doc(`model_files/${sha256}`).set({ id: sha256, stored, users: [model.id], waiters: [] })
}

/** What the reconciler of the api does with uploads, `laterMs` from now. */
const reconcileAfter = (laterMs: number) =>
  removeFinishedUploads({
    ...world,
    workBucket: localBuckets.work,
    stuckAfterMs: 600_000,
    now: () => new Date(Date.now() + laterMs),
  })

test('a file is uploaded with what is offered, and the one that is there need not be sent again', async () => {
  const { uid, token } = await world.signIn()
  const { bytes, sha256, body } = fileOf(900)
  const { status, body: offered } = await ask(token, body)
  expect([status, offered.upload]).toEqual([201, `model-uploads/${uid}/${sha256}.safetensors`])
  await send(offered.start, bytes)
  expect(await isThere(offered.upload)).toBe(true)
  expect((await ask(token, body)).body).toEqual({ upload: offered.upload, start: null })
})

test('a file that a sync has found to be another may be sent anew, and counts once', async () => {
  const { uid, token } = await world.signIn()
  const { bytes, sha256, body } = fileOf(900)
  const { upload, start } = (await ask(token, body)).body
  await send(start, randomBytes(900))
  const { id } = newModelOf({ kind: 'upload', object: upload, sha256 }, uid)
  await world.db.doc(`ai_models/${id}`).set({ userId: uid, syncErrorCode: 'transfer.hash-mismatch' })
  const again = (await ask(token, body)).body
  await send(again.start, bytes)
  expect(await world.store.stat({ bucket: localBuckets.work, name: upload })).toMatchObject({ sizeBytes: 900 })
  expect(Object.values(await reservedBy(uid)).map((one) => one.bytes)).toEqual([900])
  const offers = async (fields: Record<string, unknown>) => {
    await world.db.doc(`ai_models/${id}`).update(fields)
    return (await ask(token, body)).body.start !== null
  }
  expect(await offers({ syncStatus: 'syncing' })).toBe(false)
  expect(await offers({ syncStatus: 'notsynced' })).toBe(true)
  expect(await offers({ syncErrorCode: 'cache.full' })).toBe(false)
})

test('another size than was asked for is refused by the bucket', async () => {
  const { token } = await world.signIn()
  const { body } = fileOf(900)
  const { start } = (await ask(token, body)).body
  const begun = await fetch(start.url, { method: start.method, headers: start.headers })
  const put = await fetch(begun.headers.get('location') ?? '', { method: 'PUT', body: 'shorter' })
  expect(put.status).toBe(400)
})

test('what is stored is not sent by those who see it: everybody’s, and their own', async () => {
  const [ann, bob] = [await world.signIn(), await world.signIn()]
  const [everybodys, anns] = [fileOf(500), fileOf(501)]
  await storeModel(everybodys, null)
  await storeModel(anns, ann.uid)
  const needs = async (token: string, file: typeof anns) => (await ask(token, file.body)).body.start !== null
  expect(await needs(bob.token, everybodys)).toBe(false)
  expect(await needs(ann.token, anns)).toBe(false)
  expect(await needs(bob.token, anns)).toBe(true)
})

test('uploads count against their owner’s storage, a file asked for twice only once, and an operator’s not', async () => {
  const { uid, token } = await world.signIn()
  const first = fileOf(4000)
  for (let round = 0; round < 3; round++) expect((await ask(token, first.body)).status).toBe(201)
  expect(Object.values(await reservedBy(uid)).map(({ bytes }) => bytes)).toEqual([4000])
  const full = await ask(token, fileOf(2001).body)
  expect([full.status, full.body.error.code]).toEqual([429, 'quota.storage'])
  expect(Number(full.headers.get('retry-after'))).toBeGreaterThan(86_000)
  const tooLarge = await ask(token, fileOf(5001).body)
  expect([tooLarge.status, tooLarge.body.error.details.map(({ path }) => path)]).toEqual([422, ['size_bytes']])
  const operator = await world.signIn('root', { operator: true })
  for (let round = 0; round < 2; round++) expect((await ask(operator.token, fileOf(4000).body)).status).toBe(201)
  // That nobody asked for room is all that is noted, as long as a session lasts and what it has sent.
  const [one, ...others] = Object.values(await reservedBy('root'))
  expect([one, others.length]).toMatchObject([{ bytes: 0, isExempt: true }, 1])
  expect(one?.expireAt.toMillis()).toBeGreaterThan(Date.now() + 7 * 24 * HOUR_MS)
})

test('a file that is kept counts as long as it is, and takes its room from the next', async () => {
  const { uid, token } = await world.signIn()
  const kept = fileOf(4000)
  expect((await ask(token, kept.body)).status).toBe(201)
  const keep = (bytes: number | null) =>
    runTransaction(world.db, async (transaction) =>
      keepStorage(world.db, { userId: uid, key: uploadReservation(kept.sha256), bytes })(transaction),
    )
  await keep(4000)
  const usage = async () => (await api.call({ token, path: '/api/usage' })).body.storage
  expect(await usage()).toEqual({ usedBytes: 4000, mostBytes: 6000 })
  const full = await ask(token, fileOf(2001).body)
  expect([full.status, full.body.error.code, full.headers.get('retry-after')]).toEqual([429, 'quota.storage', null])
  expect((await ask(token, fileOf(2000).body)).status).toBe(201)
  await world.db.doc(`usage/${uid}`).set({ storage: { reserved: FieldValue.delete() } }, { merge: true })
  await keep(null)
  expect(await usage()).toEqual({ usedBytes: 0, mostBytes: 6000 })
})

test('only operators upload for everybody', async () => {
  const { token } = await world.signIn()
  const refused = await ask(token, { ...fileOf(10).body, system: true })
  expect([refused.status, refused.body.error.code]).toEqual([403, 'auth.operator-only'])
})

test('the reconciler removes what is synced at once, what nobody registered after a day, and never what is being synced', async () => {
  const { uid, token } = await world.signIn()
  const put = async (fields: Record<string, unknown> | null) => {
    const { bytes, body } = fileOf(300)
    const { upload: name, start } = (await ask(token, body)).body
    await send(start, bytes)
    const uploadObject = modelUploadUri({ bucket: localBuckets.work, name })
    if (fields) await world.db.collection('ai_models').add({ userId: uid, uploadObject, ...fields })
    return name
  }
  const synced = await put({ syncStatus: 'synced', gcsUri: 'gs://models/m' })
  const syncing = await put({ syncStatus: 'syncing' })
  const failed = await put({ syncStatus: 'notsynced' })
  const unknown = await put(null)
  const left = async () => {
    const names = [synced, syncing, failed, unknown]
    const there = await Promise.all(names.map(isThere))
    return names.filter((_name, index) => there[index])
  }
  expect([await reconcileAfter(0), await left()]).toEqual([0, [synced, syncing, failed, unknown]])
  expect([await reconcileAfter(HOUR_MS), await left()]).toEqual([1, [syncing, failed, unknown]])
  expect(Object.keys(await reservedBy(uid))).toHaveLength(3)
  await reconcileAfter(25 * HOUR_MS)
  expect(await left()).toEqual([syncing])
  expect(Object.keys(await reservedBy(uid))).toHaveLength(1)
})
