import { createHash, randomUUID } from 'node:crypto'
import type { Clock } from '../clock.ts'

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
}

export function createFileStore(clock: Clock, kind: 'upload' | 'output'): FileStore {
  const files = new Map<string, StoredFile>()
  const read = (id: string): StoredFile | null => {
    const file = files.get(id)
    if (file === undefined) return null
    if (clock.now() < file.goneAtMs) return file
    files.delete(id)
    return null
  }
  return {
    add(file) {
      const id = randomUUID().replaceAll('-', '')
      const goneAtMs = clock.after(kind === 'upload' ? UPLOAD_MS : HOUR_MS)
      const stored = { ...file, id, createdAtMs: clock.now(), goneAtMs }
      files.set(id, stored)
      return stored
    },
    read,
    remove: (id) => read(id) !== null && files.delete(id),
    all: () => [...files.keys()].flatMap((id) => read(id) ?? []),
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
