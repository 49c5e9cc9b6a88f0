import { createHash } from 'node:crypto'
import { type DocumentData, Timestamp } from '@google-cloud/firestore'
import { safetensorsContent } from '#local/file-host/safetensors-content.ts'
import { keepStorage, readUsage, reserveStorage, storedBytes } from '#shared/documents/quotas.ts'
import { runTransaction } from '#shared/documents/transaction.ts'
import { modelUpload, modelUploadUri, uploadReservation } from '#shared/registry/registration/model-uploads.ts'
import { removeRegistered } from '#shared/registry/registration/remove-registered.ts'
import { documentWritten } from '../../../support/document-events.ts'
import { startDocuments } from '../../../support/documents.ts'
import { publishedSha256, reconcile, untilTidy } from '../../../support/sync-cases.ts'
import { modelsBucket, type SyncWorld, startSyncWorld } from '../../../support/sync-world.ts'
import { until } from '../../../support/until.ts'

const workBucket = 'work-bucket'
const quotaBytes = 12_000_000

let world: SyncWorld
beforeAll(async () => {
  world = await startSyncWorld({
    documents: startDocuments,
    taskQueue: false,
    env: { SYNC_CONCURRENCY: '16', STORAGE_QUOTA_BYTES: String(quotaBytes) },
  })
  await world.bucket.createBucket(workBucket)
})
afterAll(() => world.close())

let seeds = 9_000

/** Weights that nothing else has. */
function weights(sizeBytes = 700_000): Buffer {
  seeds += 1
  const content = safetensorsContent({ sizeBytes, seed: seeds })
  return Buffer.concat(content.views(0, content.sizeBytes))
}

const sha256Of = (bytes: Buffer) => createHash('sha256').update(bytes).digest('hex')

/** Puts bytes where an upload would, under the SHA-256 that its sender claims. */
async function upload(userId: string, bytes: Buffer, claim = sha256Of(bytes)): Promise<DocumentData> {
  const file = modelUpload({ bucket: workBucket, userId, sha256: claim, extension: '' })
  await world.storage.bucket(workBucket).file(file.name).save(bytes, { resumable: false })
  return claimed(userId, claim)
}

/** The document of somebody who says that they have uploaded such a file. */
function claimed(userId: string, sha256: string): DocumentData {
  const file = modelUpload({ bucket: workBucket, userId, sha256, extension: '' })
  return { userId, engine: 'upload', uploadObject: modelUploadUri(file), sourceSha256: sha256 }
}

const copies = async () => (await world.jobs('copy')).length

test('an upload is copied in parts, verified, and named by its bytes', async () => {
  const bytes = weights()
  const model = await world.sync('mine', { name: 'My LoRA', ...(await upload('ann', bytes)) })
  const sha256 = sha256Of(bytes)
  expect(model).toMatchObject({ syncStatus: 'synced', sha256, sizeBytes: bytes.length, format: 'safetensors' })
  expect(model.gcsUri).toBe(`gs://${modelsBucket}/models/My_LoRA/${sha256.slice(0, 12)}.safetensors`)
  expect(await publishedSha256(world, model.gcsUri)).toBe(sha256)
  await untilTidy(world)
})

test('an upload is the only copy there is: pinned until no model names it', async () => {
  const bytes = weights()
  const row = world.db.doc(`model_files/${sha256Of(bytes)}`)
  await world.sync('only-a', { name: 'Only', ...(await upload('ann', bytes)) })
  await world.sync('only-b', { name: 'Only', ...claimed('ann', sha256Of(bytes)) })
  expect((await row.get()).data()).toMatchObject({ pinned: true, users: ['only-a', 'only-b'] })
  await removeRegistered(world.db, { modelId: 'only-a', admit: (model) => model! })
  expect((await row.get()).data()).toMatchObject({ pinned: true, users: ['only-b'] })
  await removeRegistered(world.db, { modelId: 'only-b', admit: (model) => model! })
  expect((await row.get()).data()).toMatchObject({ pinned: false, users: [] })
})

const used = async (userId: string) => storedBytes(await readUsage(null, world.db, userId), new Date())

test('an upload counts against the storage of who has sent it, once, until its models are gone', async () => {
  const bytes = weights()
  const sent = await upload('dan', bytes)
  await world.sync('dan-a', { name: 'Dan', ...sent })
  await world.sync('dan-a', { ...sent })
  await world.sync('dan-b', { name: 'Dan too', ...sent })
  expect(await used('dan')).toBe(bytes.length)
  await removeRegistered(world.db, { modelId: 'dan-a', admit: (model) => model! })
  expect(await used('dan')).toBe(bytes.length)
  // The app deletes the other.
  expect(await world.deliver(await world.write('dan-b', null))).toEqual([204])
  expect(await used('dan')).toBe(0)
  expect((await world.db.doc(`model_files/${sha256Of(bytes)}`).get()).data()).toMatchObject({
    pinned: false,
    users: [],
  })
})

test('a model that is deleted while no event comes of it is found by the reconciler, once a day', async () => {
  const bytes = weights()
  await world.sync('unseen', { name: 'Unseen', ...(await upload('hal', bytes)) })
  await world.db.doc('ai_models/unseen').delete()
  const ledger = world.db.doc(`cache/${modelsBucket}`)
  await ledger.update({ countedAt: Timestamp.now(), isDoubtful: false })
  await reconcile(world)
  expect(await used('hal')).toBe(bytes.length)
  await ledger.update({ countedAt: Timestamp.fromMillis(Date.now() - 86_500_000) })
  await reconcile(world)
  expect(await used('hal')).toBe(0)
})

test('who has another file copied into the same model is charged for the old one no longer', async () => {
  const [old, next] = [weights(600_000), weights(500_000)]
  await world.sync('moved', { name: 'Moved', ...(await upload('fay', old)) })
  const event = await world.write('moved', { syncStatus: 'syncing', ...(await upload('fay', next)) })
  const before = await world.db.doc('ai_models/moved').get()
  await world.deliver(event)
  await world.settled('moved')
  expect(await used('fay')).toBe(old.length + next.length)
  const after = await world.db.doc('ai_models/moved').get()
  expect(await world.deliver(documentWritten('a-project', before, after))).toEqual([204])
  expect(await used('fay')).toBe(next.length)
})

test('uploads that come after their reservations are kept as far as there is room, and no further', async () => {
  // Offered while nothing was stored, a day apart from each other, for twice the quota; all of them end at once.
  const files = Array.from({ length: 6 }, () => weights(quotaBytes / 3))
  const sent: DocumentData[] = []
  for (const bytes of files) sent.push(await upload('ivy', bytes))
  const models = await Promise.all(sent.map((fields, index) => world.sync(`ivy-${index}`, { name: 'Ivy', ...fields })))

  const kept = models.filter(({ syncStatus }) => syncStatus === 'synced')
  const refused = models.filter(({ syncErrorCode }) => syncErrorCode === 'quota.storage')
  expect([kept.length, refused.length]).toEqual([3, 3])
  expect(refused[0]?.syncError).toMatch(/no room left to keep this file/)
  expect(await used('ivy')).toBe(kept.reduce((sum, { sizeBytes }) => sum + Number(sizeBytes), 0))
  expect(await used('ivy')).toBeLessThanOrEqual(quotaBytes)
  await until(async () => (await world.objects('models/Ivy/')).length === 3)
  await untilTidy(world)

  // What has no room is not even copied, until there is some.
  const [before, late] = [await copies(), models.findIndex(({ syncStatus }) => syncStatus !== 'synced')]
  const again = await world.sync(`ivy-${late}`, { ...sent[late]! })
  expect([again.syncErrorCode, await copies()]).toEqual(['quota.storage', before])
  const first = `ivy-${models.findIndex(({ syncStatus }) => syncStatus === 'synced')}`
  await removeRegistered(world.db, { modelId: first, admit: (model) => model! })
  expect(await world.sync(`ivy-${late}`, { ...sent[late]! })).toMatchObject({ syncStatus: 'synced' })
  expect(await used('ivy')).toBeLessThanOrEqual(quotaBytes)
})

test('what an operator has sent is kept without being asked for room, and counted', async () => {
  const bytes = weights(700_000)
  const now = new Date()
  const usage = await readUsage(null, world.db, 'olga')
  const reservations = { [uploadReservation(sha256Of(bytes))]: 0 }
  const exempt = { reservations, expireAt: new Date(now.getTime() + 1000), now, isExempt: true }
  await runTransaction(world.db, async (transaction) => {
    keepStorage(world.db, { userId: 'olga', key: 'model-other', bytes: quotaBytes })(transaction)
    reserveStorage(world.db, usage, exempt)(transaction)
  })
  const refused = await world.sync('olga-a', { name: 'Olga', ...(await upload('olga', weights())) })
  const model = await world.sync('olga-b', { name: 'Olga', ...(await upload('olga', bytes)) })
  expect([refused.syncErrorCode, model.syncStatus]).toEqual(['quota.storage', 'synced'])
  expect(await used('olga')).toBe(quotaBytes + bytes.length)
})

test('who has sent nothing, since they see the bytes anyway, keeps nothing and is not charged', async () => {
  const bytes = weights()
  await world.sync('of-all-2', { name: 'Of all', ...(await upload('root', bytes)), userId: null })
  await world.sync('guest', { name: 'Guest', ...claimed('gus', sha256Of(bytes)) })
  const row = world.db.doc(`model_files/${sha256Of(bytes)}`)
  expect([await used('root'), await used('gus'), (await row.get()).get('pinned')]).toEqual([0, 0, true])
  await removeRegistered(world.db, { modelId: 'of-all-2', admit: (model) => model! })
  expect((await row.get()).data()).toMatchObject({ pinned: false, users: ['guest'] })
})

test('the same bytes are stored once: for the one who sends them too, and for whoever may have them anyway', async () => {
  const bytes = weights()
  const { gcsUri } = await world.sync('first', { name: 'One', ...(await upload('ann', bytes)) })
  const before = await copies()
  const sent = await world.sync('sent', { name: 'Two', ...(await upload('bob', bytes)) })
  const mine = await world.sync('again', { name: 'Three', ...claimed('ann', sha256Of(bytes)), versionId: '2' })
  const system = await world.sync('system', { name: 'Four', ...claimed('root', sha256Of(bytes)), userId: null })
  const ofAll = await world.sync('of-all', { name: 'Five', ...claimed('cid', sha256Of(bytes)) })
  for (const model of [sent, mine, system, ofAll]) expect(model).toMatchObject({ syncStatus: 'synced', gcsUri })
  expect(await copies()).toBe(before)
})

test('whoever only knows the hash of a stored file gets nothing of it', async () => {
  const bytes = weights()
  await world.sync('theirs', { name: 'Theirs', ...(await upload('ann', bytes)) })
  const sha256 = sha256Of(bytes)
  const nothing = await world.sync('nothing', { name: 'X', ...claimed('eve', sha256) })
  const other = await world.sync('other', { name: 'Y', ...(await upload('eve', weights(bytes.length), sha256)) })
  expect([nothing.syncErrorCode, other.syncErrorCode]).toEqual(['upload.gone', 'upload.hash-mismatch'])
  expect([nothing.gcsUri, other.gcsUri]).toEqual([undefined, undefined])
})

test('nor does whoever names an address of other bytes of that length with it; the same bytes there are linked', async () => {
  const bytes = weights()
  const { gcsUri } = await world.sync('private', { name: 'Private', ...(await upload('ann', bytes)) })
  const sha256 = sha256Of(bytes)
  const other = world.fileHost.add({ content: { kind: 'bytes', bytes: weights(bytes.length) } })
  const by = (sourceUrl: string) => ({ userId: 'eve', sourceUrl, sourceSha256: sha256 })
  const refused = await world.sync('address', { name: 'Z', ...by(world.fileHost.locationOf(other)) })
  expect([refused.syncErrorCode, refused.gcsUri]).toEqual(['transfer.hash-mismatch', undefined])
  const same = world.fileHost.add({ content: { kind: 'bytes', bytes } })
  const linked = await world.sync('shown', { name: 'Z', ...by(world.fileHost.locationOf(same)) })
  expect(linked).toMatchObject({ syncStatus: 'synced', gcsUri })
})

test('nor does whoever sends other bytes under that hash while the file is being copied', async () => {
  const bytes = weights(8_000_000)
  const sha256 = sha256Of(bytes)
  const [theirs, other] = [await upload('ann', bytes), await upload('eve', weights(bytes.length), sha256)]
  const copied = world.sync('copied', { name: 'Copied', ...theirs })
  await until(async () => (await world.db.doc(`model_files/${sha256}`).get()).get('copyJobId') != null)
  const waiting = await world.sync('waiting', { name: 'Waiting', ...other })
  expect([waiting.syncErrorCode, waiting.gcsUri]).toEqual(['upload.hash-mismatch', undefined])
  expect(await copied).toMatchObject({ syncStatus: 'synced', sha256 })
})

test.each<[title: string, code: string, fields: () => Promise<DocumentData>]>([
  [
    'other bytes than their SHA-256 says',
    'transfer.hash-mismatch',
    () => upload('ann', weights(), sha256Of(weights())),
  ],
  [
    'no model at all',
    'transfer.not-a-file',
    () => upload('ann', Buffer.from('<!doctype html><html><body>login</body></html>')),
  ],
  ['an upload that is gone', 'upload.gone', async () => claimed('ann', sha256Of(weights()))],
  [
    'the upload of somebody else',
    'upload.not-theirs',
    async () => ({ ...(await upload('ann', weights())), userId: 'eve' }),
  ],
  [
    'another SHA-256 than the upload’s',
    'upload.bad-object',
    async () => ({ ...(await upload('ann', weights())), sourceSha256: sha256Of(weights()) }),
  ],
  [
    'what is no upload of a model',
    'upload.bad-object',
    async () => ({ ...claimed('ann', sha256Of(weights())), uploadObject: `gs://${workBucket}/training-uploads/ann/1` }),
  ],
])('refuses %s, and leaves nothing', async (_title, code, fields) => {
  const model = await world.sync(`refused-${++seeds}`, { name: 'Refused', ...(await fields()) })
  expect({ status: model.syncStatus, code: model.syncErrorCode }).toEqual({ status: 'notsynced', code })
  await untilTidy(world)
})
