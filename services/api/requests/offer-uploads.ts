import { inGroups } from '#shared/documents/in-groups.ts'
import { newId } from '#shared/documents/new-id.ts'
import { readUsage, reserveStorage, settleStorage } from '#shared/documents/quotas.ts'
import { runTransaction } from '#shared/documents/transaction.ts'
import { uploadPrefix } from '#shared/trainings/training-places.ts'
import type { ApiClients } from '../api-clients.ts'
import type { ApiContext } from '../api-context.ts'
import { type PhotoContentType, photoExtensions } from '../endpoints/create-uploads.ts'
import { invalidRequest } from '../http/parse-part.ts'
import { requireStorage } from './require-storage.ts'
import { changeForUser } from './user-change.ts'

interface FileToUpload {
  name?: string | undefined
  contentType: PhotoContentType
  sizeBytes: number
}

interface OfferedUpload {
  name: string | null
  objectName: string
  url: string
  method: 'POST'
  headers: Record<string, string>
  expiresAt: string
}

interface PlannedUpload extends FileToUpload {
  /** Also the key of its reservation. */
  id: string
  objectName: string
}

/** What is not trained with by then is removed, so it no longer counts. */
const RESERVED_MS = 24 * 60 * 60 * 1000
/** Without a key of its own the account signs by a call to IAM for each URL. */
const SIGNING_CONCURRENCY = 10

/**
 * Signed URLs for photos below the user's own prefix, counted against their storage from now on.
 * @throws CallerError 422 for a photo that is too large, 429 `quota.storage` or `quota.uploads`.
 */
export async function offerUploads(
  context: ApiContext,
  wish: { userId: string; files: readonly FileToUpload[] },
): Promise<OfferedUpload[]> {
  const { userId } = wish
  requireSizes(wish.files, context.config.MAX_PHOTO_BYTES)
  const clients = await context.loadClients()
  const { db } = clients
  const uploads = wish.files.map((file): PlannedUpload => {
    const id = newId()
    return { ...file, id, objectName: `${uploadPrefix(userId)}${id}.${photoExtensions[file.contentType]}` }
  })
  const now = context.now()
  const reservations = Object.fromEntries(uploads.map(({ id, sizeBytes }) => [id, sizeBytes]))
  await changeForUser(context, db, {
    userId,
    decide: async (transaction) => {
      const usage = await readUsage(transaction, db, userId)
      // A commit whose answer was lost is repeated by the client, and finds what it reserved.
      if (uploads.every(({ id }) => id in usage.storage.reserved)) return { outcome: null, writes: null }
      requireStorage(usage, { uploads, mostBytes: context.config.STORAGE_QUOTA_BYTES, now })
      const expireAt = new Date(now.getTime() + RESERVED_MS)
      return { outcome: null, writes: reserveStorage(db, usage, { reservations, expireAt, now }) }
    },
  })
  try {
    return await signAll(context, clients, uploads)
  } catch (error) {
    const released = settleStorage(db, { userId, released: Object.keys(reservations), addedBytes: 0 })
    await runTransaction(db, async (transaction) => released(transaction))
    throw error
  }
}

function requireSizes(files: readonly FileToUpload[], maxBytes: number): void {
  const tooLarge = files.flatMap(({ sizeBytes }, index) => (sizeBytes > maxBytes ? [index] : []))
  if (tooLarge.length === 0) return
  const message = `A photo may have ${maxBytes} bytes at most.`
  throw invalidRequest(tooLarge.map((index) => ({ path: `files.${index}.sizeBytes`, message })))
}

async function signAll(
  context: ApiContext,
  { signer }: ApiClients,
  uploads: readonly PlannedUpload[],
): Promise<OfferedUpload[]> {
  const { WORK_BUCKET: bucket, UPLOAD_URL_TTL_MS: expiresInMs } = context.config
  return await inGroups(uploads, SIGNING_CONCURRENCY, async ({ name = null, objectName, contentType, sizeBytes }) => {
    const signed = await signer.signUpload({ bucket, name: objectName, contentType, sizeBytes, expiresInMs })
    const { url, method, headers, expiresAt } = signed
    return { name, objectName, url, method, headers, expiresAt: expiresAt.toISOString() }
  })
}
