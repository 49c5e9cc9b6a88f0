import type { Firestore } from '@google-cloud/firestore'
import type { ModelSource } from '#shared/documents/model.ts'
import { FinalError } from '#shared/errors/app-error.ts'
import type { HttpClient } from '#shared/http/client.ts'
import type { ObjectFacts, ObjectStore } from '#shared/objects/object-store.ts'
import type { ObjectStreams } from '#shared/objects/object-streams.ts'
import { type ModelUpload, parseModelUploadUri } from '#shared/registry/model-uploads.ts'
import { storedBytesFor, storedFile } from '#shared/registry/stored-bytes.ts'
import type { FileLocator, LocateFile } from '#shared/transfer/source-file.ts'
import type { ResolvedModel } from './resolved-model.ts'

/** How uploads are read: in the service's own name, so that no signed URL is needed, nor the right to sign one. */
export interface UploadAccess {
  db: Firestore
  store: Pick<ObjectStore, 'stat'>
  streams: Pick<ObjectStreams, 'locate'>
  /** Without the guard of addresses: the bucket is ours. */
  http: HttpClient
}

/**
 * Resolves a file that its owner has uploaded. Where the same bytes are stored already they are linked; of a file that its
 * owner cannot see yet the upload has to show that they have it.
 * @throws FinalError `upload.bad-object`, `upload.not-theirs`, `upload.gone`, `upload.hash-mismatch`; TransientError.
 */
export async function resolveUpload(
  access: Pick<UploadAccess, 'db' | 'store'>,
  model: { source: Pick<ModelSource, 'uploadObject' | 'sourceSha256' | 'versionId'>; userId: string | null },
): Promise<ResolvedModel> {
  const { db, store } = access
  const { source, userId } = model
  const upload = checkedUpload(source, userId)
  const { bucket, name, sha256 } = upload
  const found = await store.stat(upload)
  const seen = await storedBytesFor(db, { sha256, userId })
  if (found === null && seen === null) throw gone()
  if (found !== null && seen === null) await checkAgainstStored(access, found, sha256)
  const sizeBytes = found?.sizeBytes ?? seen?.sizeBytes ?? null
  const locator: FileLocator = { source: 'upload', bucket, name, generation: found?.generation ?? null }
  return {
    fileId: sha256,
    layout: 'file',
    versionId: source.versionId ?? sha256.slice(0, 12),
    files: [{ locator, path: name.slice(name.lastIndexOf('/') + 1), sizeBytes, sha256, gitBlobSha1: null }],
    totalBytes: sizeBytes,
    baseModel: null,
    triggerWords: [],
  }
}

/** An upload's bytes, at the generation that was found. @throws FinalError `upload.gone` where they were stored, and no more. */
export function locateUpload(
  { streams }: Pick<UploadAccess, 'streams'>,
  locator: Extract<FileLocator, { source: 'upload' }>,
): LocateFile {
  const { generation } = locator
  return async () => {
    if (generation === null) throw gone()
    return { ...(await streams.locate(locator, generation)), sizeBytes: null, sha256: null }
  }
}

function gone(): FinalError {
  const message = 'The uploaded file is no longer there, and no copy of it is kept; upload it again.'
  return new FinalError({ code: 'upload.gone', message })
}

/** The document may be its user's own writing: it may name what they have sent, and nothing else that we can read. */
function checkedUpload(
  { uploadObject, sourceSha256 }: Pick<ModelSource, 'uploadObject' | 'sourceSha256'>,
  userId: string | null,
): ModelUpload {
  const upload = parseModelUploadUri(uploadObject ?? '')
  if (upload === null || upload.sha256 !== sourceSha256) {
    const message = 'The model names no upload (uploadObject), or another file than its SHA-256 (sourceSha256).'
    throw new FinalError({ code: 'upload.bad-object', message })
  }
  if (userId !== null && upload.userId !== userId) {
    throw new FinalError({ code: 'upload.not-theirs', message: 'The model names the upload of another user.' })
  }
  return upload
}

/** Whoever only knows the hash of a stored file has other bytes to show; Cloud Storage has summed up both. */
async function checkAgainstStored(
  { db, store }: Pick<UploadAccess, 'db' | 'store'>,
  found: ObjectFacts,
  sha256: string,
): Promise<void> {
  const row = await storedFile(db, sha256)
  const stored = row && (await store.stat(row.stored, row.stored.generation))
  const isSame = stored?.sizeBytes === found.sizeBytes && found.crc32c !== null && stored.crc32c === found.crc32c
  if (!stored || isSame) return
  throw new FinalError({
    code: 'upload.hash-mismatch',
    message: 'The uploaded file is not the one that its SHA-256 names; upload it again.',
    facts: { sizeBytes: found.sizeBytes },
  })
}
