import { createHash, randomUUID } from 'node:crypto'
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { z } from 'zod'
import type { Clock } from '../clock.ts'
import { openDurableMap } from '../durable-map.ts'

const HOUR_MS = 3_600_000
/** Uploads are kept for a day (contract §2), outputs for an hour (§3). */
const UPLOAD_MS = 24 * HOUR_MS

export interface StoredFile {
  id: string
  name: string
  bytes: Buffer
  contentType: string
  createdAtMs: number
  goneAtMs: number
}

/** Bytes that go by themselves after a while. */
export interface FileStore {
  add(file: { name: string; bytes: Buffer; contentType: string }): StoredFile
  /** null once it is gone. */
  read(id: string): StoredFile | null
  remove(id: string): boolean
  all(): StoredFile[]
  close(): void
}

const fileFacts = z.object({
  id: z.string(),
  name: z.string(),
  contentType: z.string(),
  createdAtMs: z.number(),
  goneAtMs: z.number(),
})

/** Files of one kind; they lie below `dataDir`, or in memory for null. */
export function createFileStore(options: {
  clock: Clock
  kind: 'upload' | 'output'
  dataDir: string | null
}): FileStore {
  const { clock, kind } = options
  const folder = options.dataDir === null ? null : join(options.dataDir, `${kind}s`)
  if (folder !== null) mkdirSync(folder, { recursive: true })
  const facts = openDurableMap(folder && join(folder, 'files.log'), (json) => fileFacts.parse(json))
  const inMemory = new Map<string, Buffer>()
  const remove = (id: string): void => {
    facts.delete(id)
    if (folder === null) inMemory.delete(id)
    else rmSync(join(folder, id), { force: true })
  }
  const read = (id: string): StoredFile | null => {
    const file = facts.get(id)
    if (file === undefined) return null
    if (clock.now() >= file.goneAtMs) {
      remove(id)
      return null
    }
    const bytes = folder === null ? inMemory.get(id) : readFileSync(join(folder, id))
    return bytes === undefined ? null : { ...file, bytes }
  }
  const all = () => facts.entries().flatMap(([id]) => read(id) ?? [])
  if (folder !== null) all() // Removes what went while nobody looked.
  return {
    add({ bytes, ...file }) {
      const id = randomUUID().replaceAll('-', '')
      const goneAtMs = clock.after(kind === 'upload' ? UPLOAD_MS : HOUR_MS)
      const stored = { ...file, id, createdAtMs: clock.now(), goneAtMs }
      if (folder === null) inMemory.set(id, bytes)
      else writeFileSync(join(folder, id), bytes)
      facts.put(id, stored)
      return { ...stored, bytes }
    },
    read,
    remove(id) {
      const isThere = read(id) !== null
      if (isThere) remove(id)
      return isThere
    },
    all,
    close: () => facts.close(),
  }
}

/** An upload as the API shows it. */
export function fileObject(file: StoredFile, apiUrl: string): Record<string, unknown> {
  const hex = (algorithm: string): string => createHash(algorithm).update(file.bytes).digest('hex')
  return {
    id: file.id,
    name: file.name,
    content_type: file.contentType,
    size: file.bytes.byteLength,
    etag: hex('md5'),
    checksums: { sha256: hex('sha256'), md5: hex('md5') },
    metadata: {},
    created_at: new Date(file.createdAtMs).toISOString(),
    expires_at: new Date(file.goneAtMs).toISOString(),
    urls: { get: `${apiUrl}/files/${file.id}` },
  }
}
