import { createHash } from 'node:crypto'
import { type Firestore, Timestamp } from '@google-cloud/firestore'
import { localBuckets } from '#local/environment.ts'
import { type ModelFile, toModelFile, uriOf, writeModelFile } from '#shared/documents/model-files.ts'
import { runTransaction } from '#shared/documents/transaction.ts'
import { manifestName } from '#shared/formats/folder-manifest.ts'
import type { ObjectStore } from '#shared/objects/object-store.ts'

interface World {
  db: Firestore
  store: ObjectStore
}

const noFacts = { baseModel: null, triggerWords: [], format: null, dtype: null, parameterCount: null }
const bucket = localBuckets.models

/** Puts a file into the models bucket and its row into the index, as a copy leaves them; each model of `users` is synced to it. */
export async function storeFile(
  world: World,
  file: { name: string; content: string; users?: readonly string[]; lastUsedAt?: Date; row?: Partial<ModelFile> },
): Promise<ModelFile> {
  const bytes = Buffer.from(file.content)
  const sha256 = createHash('sha256').update(bytes).digest('hex')
  const stored = await put(world, file.name, bytes)
  const row = { ...stored, sizeBytes: bytes.length, sha256, facts: noFacts }
  return await index(world, { id: sha256, stored: row, ...file })
}

/** The same of a folder with its list of contents. */
export async function storeFolder(
  world: World,
  folder: { prefix: string; contents: Readonly<Record<string, string>>; users?: readonly string[]; lastUsedAt?: Date },
): Promise<ModelFile> {
  const { prefix, contents } = folder
  const files = Object.entries(contents).map(([path, content]) => ({
    path,
    sizeBytes: Buffer.byteLength(content),
    sha256: createHash('sha256').update(content).digest('hex'),
  }))
  for (const [path, content] of Object.entries(contents)) await put(world, `${prefix}${path}`, Buffer.from(content))
  const manifest = Buffer.from(JSON.stringify({ files }))
  const { generation } = await put(world, manifestName(prefix), manifest)
  const sizeBytes = files.reduce((sum, file) => sum + file.sizeBytes, 0)
  const stored = { bucket, name: prefix, generation, sizeBytes, sha256: null, facts: noFacts }
  const id = `hf-${createHash('sha256').update(prefix).digest('hex')}`
  return await index(world, { id, stored, countedBytes: sizeBytes + manifest.length, ...folder })
}

async function put({ store }: World, name: string, bytes: Buffer) {
  const contentType = 'application/octet-stream'
  const { generation } = await store.write({ bucket, name, bytes, contentType, ifGeneration: '0' })
  return { bucket, name, generation }
}

async function index(
  { db }: World,
  row: {
    id: string
    stored: NonNullable<ModelFile['stored']>
    users?: readonly string[]
    lastUsedAt?: Date
    countedBytes?: number
    row?: Partial<ModelFile>
  },
): Promise<ModelFile> {
  const { id, stored, users = [], lastUsedAt = new Date(), countedBytes = stored.sizeBytes } = row
  const file: ModelFile = {
    ...toModelFile(id, undefined),
    stored,
    countedBytes,
    users: [...users],
    lastUsedAt: Timestamp.fromDate(lastUsedAt),
    ...row.row,
  }
  await runTransaction(db, async (transaction) => writeModelFile(db, file)(transaction))
  for (const modelId of users) {
    const synced = { syncStatus: 'synced', gcsUri: uriOf(stored), sha256: stored.sha256, sizeBytes: stored.sizeBytes }
    await db.doc(`ai_models/${modelId}`).set({ name: modelId.toUpperCase(), userId: null, ...synced }, { merge: true })
  }
  return file
}
