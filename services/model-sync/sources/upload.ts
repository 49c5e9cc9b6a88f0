import type { Firestore } from '@google-cloud/firestore'
import type { ModelSource } from '#shared/documents/model.ts'
import type { StoredFile } from '#shared/documents/model-files.ts'
import { FinalError } from '#shared/errors/app-error.ts'
import type { HttpClient } from '#shared/http/client.ts'
import type { ObjectStore } from '#shared/objects/object-store.ts'
import type { ObjectStreams } from '#shared/objects/object-streams.ts'
import { type ModelUpload, parseModelUploadUri } from '#shared/registry/registration/model-uploads.ts'
import { storedBytesFor } from '#shared/registry/registration/stored-bytes.ts'
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
 * Resolves a file that its owner has uploaded. It need not be there any more where they see a model of the same bytes.
 * @throws FinalError `upload.bad-object`, `upload.not-theirs`, `upload.gone`; TransientError.
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

/**
 * Lets a model name a stored file. Whoever only knows its hash has other bytes to show, or none; Cloud Storage has summed up both.
 * Asked when the file is stored, not before: another's copy of it may end while this sync waits.
 * @throws FinalError `upload.gone`, `upload.hash-mismatch`; TransientError.
 */
export async function checkUploader(
  { db, store }: Pick<UploadAccess, 'db' | 'store'>,
  claim: { resolved: ResolvedModel; stored: StoredFile; userId: string | null },
): Promise<void> {
  const { resolved, stored, userId } = claim
  const [file] = resolved.files
  if (file?.locator.source !== 'upload') return
  if ((await storedBytesFor(db, { sha256: resolved.fileId, userId })) !== null) return
  const { locator } = file
  const sent = locator.generation === null ? null : await store.stat(locator, locator.generation)
  if (sent === null) throw gone()
  const kept = await store.stat(stored, stored.generation)
  if (kept?.sizeBytes === sent.sizeBytes && sent.crc32c !== null && kept.crc32c === sent.crc32c) return
  throw new FinalError({
    code: 'upload.hash-mismatch',
    message: 'The uploaded file is not the one that its SHA-256 names; upload it again.',
    facts: { sizeBytes: sent.sizeBytes },
  })
}
