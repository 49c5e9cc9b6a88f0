import { createHash } from 'node:crypto'
import { type Firestore, Timestamp } from '@google-cloud/firestore'
import type { CacheDeps } from '#shared/cache/cache-deps.ts'
import { type CachedFile, readCachedFile } from '#shared/cache/cached-file.ts'
import { countBucket } from '#shared/cache/count-bucket.ts'
import { ledgerRef, readLedger } from '#shared/cache/ledger.ts'
import { type ModelFile, toModelFile, uriOf, writeModelFile } from '#shared/documents/model-files.ts'
import { runTransaction } from '#shared/documents/transaction.ts'
import { silentLogger } from '#shared/logging/logger.ts'
import { type ObjectFacts, ObjectStore } from '#shared/objects/object-store.ts'
import { openObjectStreams } from '#shared/objects/object-streams.ts'
import { type StartDocuments, startDocuments } from './documents.ts'
import { type GoogleSide, startGoogleSide } from './google-side.ts'

export const cacheBucket = 'models-bucket'

/** Documents and a models bucket, with what the cache needs of them. */
export interface CacheWorld extends CacheDeps {
  google: GoogleSide
  /** With a limit, as a copy has it. */
  room(
    maxBytes: number,
    keepRecent?: number,
  ): CacheDeps & {
    limits: { maxBytes: number; keepRecent: number }
    logger: typeof silentLogger
    now: () => Date
  }
  streams: ReturnType<typeof openObjectStreams>
  now: () => Date
  logger: typeof silentLogger
  /** Makes the ledger right. */
  count(): Promise<unknown>
  /** A file in the bucket and in the index, not counted yet; a model of the same name is synced to it. */
  add(name: string, file?: { content?: string; minutesAgo?: number; row?: Partial<ModelFile> }): Promise<CachedFile>
  objects(): Promise<string[]>
  bytesInBucket(): Promise<number>
  /** Forgets everything. */
  reset(): Promise<void>
  /** Drift of the ledger, and what is reserved. */
  books(): Promise<{ driftBytes: number | undefined; reserved: Record<string, number> | undefined }>
  close(): Promise<void>
}

export async function startCacheWorld(documents: StartDocuments = startDocuments): Promise<CacheWorld> {
  const google = await startGoogleSide({ documents, buckets: [cacheBucket] })
  const { db, storage } = google
  const store = new ObjectStore(storage)
  const now = () => new Date()
  const deps = { db, store, bucket: cacheBucket }
  const streams = openObjectStreams(storage)
  const listed = async () => {
    const found: ObjectFacts[] = []
    for await (const object of store.list(cacheBucket, '')) found.push(object)
    return found
  }
  return {
    ...deps,
    google,
    streams,
    now,
    logger: silentLogger,
    room: (maxBytes, keepRecent = 0) => ({ ...deps, limits: { maxBytes, keepRecent }, logger: silentLogger, now }),
    async add(name, { content = name.padEnd(100, '.'), minutesAgo = 10, row = {} } = {}) {
      const bytes = Buffer.from(content)
      const sha256 = createHash('sha256').update(bytes).digest('hex')
      const { generation, name: objectName } = await store.write({
        bucket: cacheBucket,
        name: `models/${name}.bin`,
        bytes,
        contentType: 'application/octet-stream',
        ifGeneration: '0',
        metadata: { copyJobId: `copy-${name}`, sha256 },
      })
      const facts = { baseModel: null, triggerWords: [], format: null, dtype: null, parameterCount: null }
      const stored = { bucket: cacheBucket, name: objectName, generation, sizeBytes: bytes.length, sha256, facts }
      await save(db, {
        ...toModelFile(sha256, undefined),
        stored,
        users: [name],
        countedBytes: bytes.length,
        lastUsedAt: Timestamp.fromMillis(Date.now() - minutesAgo * 60_000),
        ...row,
      })
      await db.doc(`ai_models/${name}`).set({ name, syncStatus: 'synced', gcsUri: uriOf(stored) })
      return (await readCachedFile(db, sha256))!
    },
    count: () => countBucket(deps),
    objects: async () => (await listed()).map(({ name }) => name),
    bytesInBucket: async () => (await listed()).reduce((sum, { sizeBytes }) => sum + sizeBytes, 0),
    async reset() {
      for (const object of await listed()) await store.remove(object, object.generation)
      for (const path of ['model_files', 'ai_models']) {
        for (const found of (await db.collection(path).get()).docs) await found.ref.delete()
      }
      await ledgerRef(db, cacheBucket).delete()
    },
    async books() {
      const counted = await countBucket(deps, 'look')
      return { driftBytes: counted?.driftBytes, reserved: (await readLedger(db, cacheBucket))?.reserved }
    },
    close: () => google.close(),
  }
}

export async function save(db: Firestore, row: ModelFile): Promise<void> {
  await runTransaction(db, async (transaction) => writeModelFile(db, row)(transaction))
}

/** An instance that dies: its k-th call to the outside throws, before it is made or after, and nothing that it does later counts. */
export function dyingAt(
  deps: CacheDeps,
  death: { call: number; moment: 'before' | 'after' },
): { deps: CacheDeps; hasDied(): boolean } {
  let calls = 0
  let isDead = false
  const die = () => {
    isDead = true
    throw new Error('The instance is dead.')
  }
  const mortal =
    <Args extends unknown[], Answer>(call: (...args: Args) => Promise<Answer>) =>
    async (...args: Args): Promise<Answer> => {
      if (isDead) die()
      calls += 1
      const isLast = calls === death.call
      if (isLast && death.moment === 'before') die()
      const answer = await call(...args)
      if (isLast) die()
      return answer
    }
  const wrap = <Target extends object>(target: Target, verbs: readonly (keyof Target)[]): Target =>
    new Proxy(target, {
      get(_, verb) {
        const value = Reflect.get(target, verb, target)
        if (typeof value !== 'function') return value
        const bound = value.bind(target)
        return verbs.includes(verb as keyof Target) ? mortal(bound) : bound
      },
    })
  return {
    deps: { ...deps, db: wrap(deps.db, ['runTransaction']), store: wrap(deps.store, ['stat', 'remove']) },
    hasDied: () => isDead,
  }
}
