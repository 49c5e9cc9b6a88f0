import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { gzipSync } from 'node:zlib'
import { FieldValue, Firestore, GeoPoint, Timestamp } from '@google-cloud/firestore'
import type { Storage } from '@google-cloud/storage'
import { type BucketServer, startBucketServer } from '#local/bucket/server.ts'
import { runDataCommand } from '#local/data/command.ts'
import { openDocuments } from '#local/data/document-access.ts'
import { type DataServers, exportData, resetData, seedData } from '#local/data/seed.ts'
import { type DocumentServer, startDocumentServer } from '#local/documents/server.ts'
import { clientOf } from '../bucket/bucket-server.ts'

const PROJECT = 'contract'
let folder: string
let documentServer: DocumentServer
let bucketServer: BucketServer
let servers: DataServers
let storage: Storage
let firestore: Firestore

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'seed-'))
  documentServer = await startDocumentServer({ port: 0, dataDir: null })
  bucketServer = await startBucketServer({ port: 0, dataDir: join(folder, 'bucket'), durability: 'process' })
  storage = clientOf(bucketServer.url)
  servers = { documents: openDocuments(documentServer.host, PROJECT), storage }
  process.env.FIRESTORE_EMULATOR_HOST = documentServer.host
  firestore = new Firestore({ projectId: PROJECT, useBigInt: true })
})
afterAll(async () => {
  await firestore.terminate()
  await servers.documents.close()
  await documentServer.close()
  await bucketServer.close()
  await rm(folder, { recursive: true })
})

const seedFile = async (content: unknown) => {
  const path = join(folder, 'a-seed.json')
  await writeFile(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

test('what is exported, removed and seeded is what it was, values of all types included', async () => {
  const values = {
    none: null,
    yes: true,
    whole: 7n,
    large: 2n ** 62n,
    half: 1.5,
    notANumber: Number.NaN,
    minusZero: -0,
    endless: Number.NEGATIVE_INFINITY,
    text: 'zoë 𝒳',
    time: new Timestamp(-62_135_596_800, 0),
    micros: new Timestamp(1_700_000_000, 123_456_000),
    bytes: Buffer.from([0, 255, 7]),
    place: new GeoPoint(-45.5, 180),
    vector: FieldValue.vector([1, 2.5]),
    list: [1n, 'a', { deep: [null] }],
    map: { 'a.b': 1n, nested: { empty: {} } },
    likeOurs: { $integer: 'not one of ours' },
    itself: firestore.doc('c/all'),
  }
  await firestore.doc('c/all').set(values)
  await firestore.doc('c/all/deep/under').set({})
  await firestore.doc('c/𝒳 with space').set({ n: 1n })
  const bucket = storage.bucket('app')
  await bucket.create()
  await bucket.file('a/ü/name with spaces').save('bytes', {
    resumable: false,
    metadata: { contentType: 'text/plain', cacheControl: 'no-cache', metadata: { owner: 'me' } },
  })
  const zipped = gzipSync('zipped')
  await bucket.file('zipped').save(zipped, { resumable: false, metadata: { contentEncoding: 'gzip' } })
  const path = join(folder, 'out', 'export.json')

  const counts = await exportData(servers, path)
  expect(counts).toEqual({ documents: 3, objects: 2 })
  const first = await readFile(path, 'utf8')
  await resetData(servers)
  expect(await firestore.listCollections()).toEqual([])
  expect((await bucket.getFiles())[0]).toEqual([])
  expect(await seedData(servers, path)).toEqual(counts)
  const read = (await firestore.doc('c/all').get()).data()
  expect(read).toEqual(values)
  expect(Object.is(read?.minusZero, -0)).toBe(true)
  const [metadata] = await bucket.file('a/ü/name with spaces').getMetadata()
  expect(metadata).toMatchObject({ contentType: 'text/plain', cacheControl: 'no-cache', metadata: { owner: 'me' } })
  expect((await bucket.file('zipped').download({ decompress: false }))[0].equals(zipped)).toBe(true)
  await exportData(servers, path)
  expect(await readFile(path, 'utf8')).toBe(first)
  expect(await readdir(join(folder, 'out', 'export-objects'))).toHaveLength(2)
})

test('an export that fails leaves the one before it as it was', async () => {
  const path = join(folder, 'kept', 'export.json')
  await storage.createBucket('kept')
  await storage.bucket('kept').file('old').save('old bytes', { resumable: false })
  await exportData(servers, path)
  const before = await readFile(path, 'utf8')
  await storage.bucket('kept').file('old').save('new bytes', { resumable: false })
  const broken = { ...servers.documents, readAll: () => new Readable({ read: () => {} }).destroy(new Error('gone')) }

  await expect(exportData({ ...servers, documents: broken }, path)).rejects.toThrow('gone')

  expect((await readdir(join(folder, 'kept'))).sort()).toEqual(['export-objects', 'export.json'])
  expect(await readFile(path, 'utf8')).toBe(before)
  const { file } = JSON.parse(before).objects.find(({ name }: { name: string }) => name === 'old')
  expect(await readFile(join(folder, 'kept', file), 'utf8')).toBe('old bytes')
})

test('a seed written by hand adds to what is there', async () => {
  await firestore.doc('c/there').set({ n: 1n })
  const path = await seedFile({
    documents: {
      'users/u1': { name: 'Ada', age: 36, score: { $double: 1 }, at: { $timestamp: '2026-11-21T00:00:00.5Z' } },
    },
    objects: [{ bucket: 'new-bucket', name: 'hello.txt', text: 'hello', contentType: 'text/plain' }],
  })
  expect(await seedData(servers, path)).toEqual({ documents: 1, objects: 1 })
  const user = await firestore.doc('users/u1').get()
  expect(user.data()).toEqual({ name: 'Ada', age: 36n, score: 1, at: new Timestamp(1_795_219_200, 500_000_000) })
  expect((await storage.bucket('new-bucket').file('hello.txt').download())[0].toString()).toBe('hello')
  expect((await firestore.doc('c/there').get()).exists).toBe(true)
})

test('more documents than one commit takes are all written and read', async () => {
  const documents = Object.fromEntries(
    Array.from({ length: 700 }, (_, n) => [`many/d${n}`, { n, text: 'x'.repeat(9000) }]),
  )
  expect((await seedData(servers, await seedFile({ documents }))).documents).toBe(700)
  expect((await firestore.collection('many').count().get()).data().count).toBe(700n)
})

test.each([
  ['no JSON', '{', /is no JSON/],
  ['a collection for a document', { documents: { users: {} } }, /users is no document's path/],
  ['an object without bytes', { objects: [{ bucket: 'b', name: 'n' }] }, /either file or text/],
  ['an unknown kind of value', { documents: { 'a/b': { x: { $date: 1 } } } }, /a\/b cannot be written: .*\$date/],
  ['a wrong time', { documents: { 'a/b': { x: { $timestamp: 'today' } } } }, /\$timestamp cannot hold "today"/],
])('%s is refused in words', async (_, content, message) => {
  await expect(seedData(servers, await seedFile(content))).rejects.toThrow(message)
  expect((await firestore.doc('a/b').get()).exists).toBe(false)
})

test('the command works on the servers that the environment names, and on no other machine', async () => {
  const env = {
    FIRESTORE_EMULATOR_HOST: documentServer.host,
    STORAGE_EMULATOR_HOST: bucketServer.url,
    GOOGLE_CLOUD_PROJECT: PROJECT,
  }
  const path = await seedFile({ documents: { 'c/one': { n: 1 } } })
  expect(await runDataCommand({ kind: 'seed', path }, env)).toContain('Wrote 1 documents and 0 objects')
  expect((await firestore.doc('c/one').get()).exists).toBe(true)
  const withScheme = { ...env, FIRESTORE_EMULATOR_HOST: `http://${documentServer.host}/` }
  expect(await runDataCommand({ kind: 'seed', path }, withScheme)).toContain('Wrote 1 documents')
  const remote = { ...env, FIRESTORE_EMULATOR_HOST: 'firestore.example.com:443' }
  await expect(runDataCommand({ kind: 'reset' }, remote)).rejects.toThrow(/not on this machine/)
  const nobody = { ...env, FIRESTORE_EMULATOR_HOST: '127.0.0.1:1' }
  await expect(runDataCommand({ kind: 'reset' }, nobody)).rejects.toThrow(/npm run dev/)
})
