import { randomBytes } from 'node:crypto'
import { mkdir, readdir, readFile } from 'node:fs/promises'
import type { IncomingMessage } from 'node:http'
import { join } from 'node:path'
import { UPLOAD_QUANTUM_BYTES } from '../hashing/aligned-crc32c.ts'
import type { Call } from '../http/call.ts'
import { ApiFailure } from '../http/failure.ts'
import { removeFile, writeJsonFile } from '../storage/durable-file.ts'
import { KeyedLock } from '../storage/keyed-lock.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import type { Content, ObjectRecord } from '../storage/record.ts'
import type { UploadRange } from './content-range.ts'
import { commitInsertion, type Insertion } from './insertion.ts'
import { type SessionRecord, UploadSession } from './upload-session.ts'

/** The service's lifetime of a session. */
const SESSION_LIFETIME_MS = 7 * 24 * 60 * 60 * 1000
/** Results remembered for a repeated last chunk; beyond this the oldest are forgotten. */
const REMEMBERED_RESULTS = 10_000

/** Who sends a part of an upload. */
type Sender = Pick<Call, 'request' | 'body'>

interface UploadSessionsOptions {
  dataDir: string
  store: ObjectStore
  now: () => Date
}

export type UploadProgress = { kind: 'complete'; record: ObjectRecord } | { kind: 'incomplete'; keptBytes: number }

/** All resumable uploads. A session is a small file beside its bytes, so it survives the server. */
export class UploadSessions {
  readonly #directory: string
  readonly #store: ObjectStore
  readonly #now: () => Date
  readonly #lock = new KeyedLock()
  readonly #sessions = new Map<string, UploadSession>()
  readonly #results = new Map<string, ObjectRecord>()
  /** The PUT that is sending to a session now; a newer one takes its place. */
  readonly #senders = new Map<string, IncomingMessage>()

  private constructor({ dataDir, store, now }: UploadSessionsOptions) {
    this.#directory = join(dataDir, 'uploads')
    this.#store = store
    this.#now = now
  }

  static async open(options: UploadSessionsOptions): Promise<UploadSessions> {
    const sessions = new UploadSessions(options)
    await mkdir(sessions.#directory, { recursive: true })
    for (const record of options.store.records()) {
      if (record.uploadId !== null) sessions.#remember(record.uploadId, record)
    }
    for (const file of await readdir(sessions.#directory)) await sessions.#load(file)
    return sessions
  }

  async #load(file: string): Promise<void> {
    const path = join(this.#directory, file)
    if (!file.endsWith('.json')) return removeFile(path)
    // Written whole by this class (see writeJsonFile), so the cast trusts ourselves.
    const record = JSON.parse(await readFile(path, 'utf8')) as SessionRecord
    const sizeBytes = await this.#store.content.sizeOf(record.segmentId)
    if (sizeBytes === null || this.#results.has(record.id) || this.#isExpired(record)) return removeFile(path)
    const keptBytes = sizeBytes - (sizeBytes % UPLOAD_QUANTUM_BYTES)
    this.#sessions.set(record.id, new UploadSession(record, this.#store.content, keptBytes))
  }

  #isExpired(record: SessionRecord): boolean {
    return this.#now().getTime() - Date.parse(record.createdAt) > SESSION_LIFETIME_MS
  }

  /** The content files that belong to unfinished uploads. */
  segmentIds(): string[] {
    return [...this.#sessions.values()].map(({ record }) => record.segmentId)
  }

  async close(): Promise<void> {
    await Promise.all([...this.#sessions.values()].map((session) => session.release()))
  }

  /** Returns the id of a new session. */
  async start(insertion: Insertion, declaredBytes: number | null): Promise<string> {
    const writer = await this.#store.content.create()
    await writer.abandon()
    const id = randomBytes(32).toString('base64url')
    const record = { id, insertion, segmentId: writer.id, declaredBytes, createdAt: this.#now().toISOString() }
    await writeJsonFile(this.#path(id), record, 'process')
    this.#sessions.set(id, new UploadSession(record, this.#store.content, 0))
    return id
  }

  /** Takes one PUT. Throws 404 for an unknown session and what the object's commit throws. */
  async receive(id: string, range: UploadRange, { request, body }: Sender): Promise<UploadProgress> {
    // A sender that comes back has given up its old connection, which may hang half-open for minutes.
    this.#senders.get(id)?.destroy()
    return this.#lock.run(id, async () => {
      const result = this.#results.get(id)
      if (result !== undefined) return { kind: 'complete', record: result }
      const session = this.#session(id)
      this.#senders.set(id, request)
      try {
        const content = await this.#take(session, range, body)
        if (content === null) return { kind: 'incomplete', keptBytes: session.keptBytes }
        return { kind: 'complete', record: await this.#complete(session, content) }
      } finally {
        if (this.#senders.get(id) === request) this.#senders.delete(id)
      }
    })
  }

  #take(session: UploadSession, range: UploadRange, body: Sender['body']): Promise<Content | null> {
    return range.kind === 'query' ? session.end(range.totalBytes) : session.receive(range, body())
  }

  async #complete(session: UploadSession, content: Content): Promise<ObjectRecord> {
    const { id, insertion } = session.record
    try {
      const record = await commitInsertion(this.#store, insertion, content, id)
      this.#remember(id, record)
      return record
    } finally {
      // Done or refused for good: either way nothing more can be sent to it.
      this.#sessions.delete(id)
      await removeFile(this.#path(id))
    }
  }

  /** Adds checksums that came with the last request to what is checked at the end. */
  declare(id: string, declared: Insertion['declared']): void {
    const session = this.#sessions.get(id)
    if (session !== undefined) Object.assign(session.record.insertion.declared, declared)
  }

  async cancel(id: string): Promise<void> {
    this.#senders.get(id)?.destroy()
    await this.#lock.run(id, async () => {
      const session = this.#session(id)
      this.#sessions.delete(id)
      await session.discard()
      await removeFile(this.#path(id))
    })
  }

  #session(id: string): UploadSession {
    const session = this.#sessions.get(id)
    if (session === undefined || this.#isExpired(session.record)) {
      throw new ApiFailure({
        status: 404,
        reason: 'notFound',
        message: 'No such upload session.',
        xmlCode: 'NoSuchUpload',
      })
    }
    return session
  }

  #remember(id: string, record: ObjectRecord): void {
    this.#results.set(id, record)
    const [oldest] = this.#results.keys()
    if (this.#results.size > REMEMBERED_RESULTS && oldest !== undefined) this.#results.delete(oldest)
  }

  #path(id: string): string {
    return join(this.#directory, `${id}.json`)
  }
}
