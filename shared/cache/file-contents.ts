import { createHash } from 'node:crypto'
import type { StoredFile } from '#shared/documents/model-files.ts'
import { folderManifestSchema, manifestName } from '#shared/formats/folder-manifest.ts'
import { folderObjectName } from '#shared/formats/object-name.ts'
import type { ObjectFacts } from '#shared/objects/object-store.ts'
import type { ObjectStreams } from '#shared/objects/object-streams.ts'
import type { CacheDeps } from './cache-deps.ts'

/** 500 files of the longest names. */
const MAX_MANIFEST_BYTES = 1024 * 1024

export interface HashDeps extends CacheDeps {
  streams: Pick<ObjectStreams, 'read'>
}

/** What one object of a file must be. */
interface ExpectedObject {
  name: string
  sizeBytes: number
  sha256: string
}

export type Contents =
  /** `generation`: of the file itself; another than the index says where somebody has rewritten it (to move it, say). */
  { kind: 'intact'; generation: string } | { kind: 'missing' | 'damaged'; detail: string }

/** Reads every byte of a file and compares it with what the index (or a folder's list of contents) says, in a memory of a few chunks. */
export async function checkContents(
  deps: HashDeps,
  stored: StoredFile,
  options: { signal: AbortSignal; onBytes(bytes: number): void },
): Promise<Contents> {
  const expected = await expectedObjects(deps, stored)
  if (expected === null) return { kind: 'missing', detail: 'The folder has no list of contents, or an unreadable one.' }
  let { generation } = stored
  for (const one of expected) {
    const facts = await deps.store.stat({ bucket: stored.bucket, name: one.name })
    if (facts === null) return { kind: 'missing', detail: `${one.name} is not in the bucket.` }
    if (facts.sizeBytes !== one.sizeBytes) {
      return { kind: 'damaged', detail: `${one.name} has ${facts.sizeBytes} bytes, not ${one.sizeBytes}.` }
    }
    const sha256 = await hashObject(deps, facts, options)
    if (sha256 !== one.sha256) return { kind: 'damaged', detail: `${one.name} has the SHA-256 ${sha256}.` }
    if (stored.sha256 !== null) generation = facts.generation
  }
  return { kind: 'intact', generation }
}

/** SHA-256 of an object's bytes, lower-case hex. */
export async function hashObject(
  deps: Pick<HashDeps, 'streams'>,
  object: Pick<ObjectFacts, 'bucket' | 'name' | 'generation'>,
  options: { signal: AbortSignal; onBytes(bytes: number): void },
): Promise<string> {
  const hash = createHash('sha256')
  for await (const chunk of deps.streams.read(object, { generation: object.generation, signal: options.signal })) {
    hash.update(chunk)
    options.onBytes(chunk.byteLength)
  }
  return hash.digest('hex')
}

async function expectedObjects(deps: HashDeps, stored: StoredFile): Promise<ExpectedObject[] | null> {
  const { name, generation, sizeBytes, sha256 } = stored
  if (sha256 !== null) return [{ name, sizeBytes, sha256 }]
  const manifest = { bucket: stored.bucket, name: manifestName(name) }
  const bytes = await deps.store.read(manifest, { generation, maxBytes: MAX_MANIFEST_BYTES })
  const listed = bytes === null ? null : folderManifestSchema.safeParse(parsed(bytes))
  if (!listed?.success) return null
  return listed.data.files.map((file) => ({ ...file, name: folderObjectName(name, file.path) }))
}

function parsed(bytes: Buffer): unknown {
  try {
    return JSON.parse(bytes.toString('utf8'))
  } catch {
    return null
  }
}
