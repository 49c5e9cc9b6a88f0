import type { Firestore } from '@google-cloud/firestore'
import { type CachedFile, fileOfModel, readCachedFile } from '#shared/cache/cached-file.ts'
import { holdFile, touchFile } from '#shared/cache/use-file.ts'
import { inGroups } from '#shared/documents/in-groups.ts'
import { reading } from '#shared/documents/reading.ts'
import { CallerError } from '#shared/errors/app-error.ts'
import { type FolderManifest, folderManifestSchema, manifestName } from '#shared/formats/folder-manifest.ts'
import type { ObjectName } from '#shared/objects/object-facts.ts'
import type { User } from '#shared/server/firebase-user.ts'
import type { ApiClients } from '../../api-clients.ts'
import type { ApiContext } from '../../api-context.ts'
import type { DownloadView } from '../../endpoints/download-url.ts'
import { findModel } from '../registry/find-model.ts'

/** A download that begins in the last moment takes its time, and clocks differ. */
const LEAST_AFTER_EXPIRY_MS = 5 * 60_000
/** So long more is promised that whoever asks within that time finds the promise good enough. */
const AFTER_EXPIRY_MS = 2 * LEAST_AFTER_EXPIRY_MS
/** Without a key of its own the account signs by a call to IAM for each URL. */
const SIGNING_CONCURRENCY = 10
/** A path and a hash for each file; the largest repositories have some thousands. */
const MAX_MANIFEST_BYTES = 8 * 1024 * 1024

/**
 * URLs for the bytes of a model of the user's or of the system's, which are held in the cache for as long.
 * @throws CallerError 404 `model.not-found`, 409 `model.not-synced`.
 */
export async function offerDownload(context: ApiContext, wish: { user: User; id: string }): Promise<DownloadView> {
  const clients = await context.loadClients()
  const { document } = await findModel(context, wish)
  const seen = await reading(fileOfModel(clients.db, document))
  const { DOWNLOAD_URL_TTL_MS: expiresInMs } = context.config
  // Signatures are good from a whole second on: never later than is said here.
  const expiresAt = new Date(Math.floor(context.now().getTime() / 1000) * 1000 + expiresInMs)
  // Many who want one file at once would only undo each other's transactions.
  const file =
    seen &&
    (await context.queue.run(`download:${seen.fileId}`, () => held(clients.db, seen, { expiresAt, expiresInMs })))
  if (file === null) throw notSynced(wish.id)
  const download = { file, expiresInMs, expires_at: expiresAt.toISOString(), modelId: wish.id }
  return file.sha256 === null ? await folderDownload(clients, download) : await fileDownload(clients, download)
}

/** The file as it is once it cannot go any more; null where it has gone. */
async function held(
  db: Firestore,
  { fileId }: CachedFile,
  url: { expiresAt: Date; expiresInMs: number },
): Promise<CachedFile | null> {
  const file = await reading(readCachedFile(db, fileId))
  const leasedUntilMs = file?.leasedUntil?.toMillis() ?? 0
  if (leasedUntilMs >= url.expiresAt.getTime() + LEAST_AFTER_EXPIRY_MS) {
    await reading(touchFile({ db }, { fileId }))
    return file
  }
  const until = new Date(url.expiresAt.getTime() + AFTER_EXPIRY_MS)
  // One promise for all who download, renewed by the next. With another lifetime it is another: it must not cut this one short.
  const holder = `download-url-${url.expiresInMs}`
  return (await holdFile(db, { fileId, holder, until })) ? await reading(readCachedFile(db, fileId)) : null
}

interface Download {
  file: CachedFile
  expiresInMs: number
  expires_at: string
  modelId: string
}

async function fileDownload({ store, signer }: ApiClients, download: Download): Promise<DownloadView> {
  const { file, expiresInMs, expires_at, modelId } = download
  const object = objectOf(file)
  const found = await store.stat(object, file.generation)
  if (found === null || file.sha256 === null) throw notSynced(modelId)
  const responseDisposition = attachment(object.name.split('/').slice(-2).join('-'))
  const { generation } = file
  const url = await signer.signDownload({ ...object, generation, expiresInMs, responseDisposition })
  return { url, expires_at, size_bytes: found.sizeBytes, sha256: file.sha256 }
}

async function folderDownload(clients: ApiClients, download: Download): Promise<DownloadView> {
  const { file, expiresInMs, expires_at, modelId } = download
  const { bucket, name: prefix } = objectOf(file)
  const manifest = await readManifest(clients, { bucket, name: manifestName(prefix) }, file.generation)
  if (manifest === null) throw notSynced(modelId)
  const files = await inGroups(manifest.files, SIGNING_CONCURRENCY, async ({ path, sizeBytes, sha256 }) => {
    const responseDisposition = attachment(path.split('/').slice(-1).join(''))
    const object = { bucket, name: `${prefix}${path}` }
    const url = await clients.signer.signDownload({ ...object, expiresInMs, responseDisposition })
    return { path, url, size_bytes: sizeBytes, sha256 }
  })
  return { files, expires_at, size_bytes: manifest.files.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0) }
}

async function readManifest(
  { store }: ApiClients,
  object: ObjectName,
  generation: string,
): Promise<FolderManifest | null> {
  const bytes = await store.read(object, { generation, maxBytes: MAX_MANIFEST_BYTES })
  return bytes && folderManifestSchema.parse(JSON.parse(bytes.toString()))
}

/** Its row's `gs://` address, which only we write. */
function objectOf({ uri }: CachedFile): ObjectName {
  const [, bucket = '', name = ''] = /^gs:\/\/([^/]+)\/(.*)$/s.exec(uri) ?? []
  return { bucket, name }
}

/** RFC 6266 with RFC 8187's encoding, which takes names in any script. */
function attachment(fileName: string): string {
  const encoded = encodeURIComponent(fileName).replace(
    /['()*]/g,
    (char) => `%${char.charCodeAt(0).toString(16).toUpperCase()}`,
  )
  return `attachment; filename*=UTF-8''${encoded}`
}

function notSynced(id: string): CallerError {
  return new CallerError({
    status: 409,
    code: 'model.not-synced',
    message: `The file of model ${id} is not in the cache; sync the model, then ask again.`,
  })
}
