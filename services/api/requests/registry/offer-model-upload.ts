import type { Firestore } from '@google-cloud/firestore'
import { modelRef } from '#shared/documents/models.ts'
import { readUsage, reserveStorage, settleStorage, type Usage } from '#shared/documents/quotas.ts'
import { reading } from '#shared/documents/reading.ts'
import { runTransaction } from '#shared/documents/transaction.ts'
import { extensionOf } from '#shared/formats/object-name.ts'
import type { SignedUpload } from '#shared/objects/signed-urls.ts'
import { newModelOf } from '#shared/registry/model/new-model.ts'
import {
  type ModelUpload,
  modelUpload,
  modelUploadUri,
  uploadReservation,
} from '#shared/registry/registration/model-uploads.ts'
import { storedBytesFor } from '#shared/registry/registration/stored-bytes.ts'
import type { Caller } from '../../http/endpoint.ts'
import { invalidRequest } from '../../http/parse-part.ts'
import { requireOperator } from '../../http/require-operator.ts'
import { uploadsLiveMs } from '../../model-uploads.ts'
import { quotaSpent } from '../refusals.ts'
import { requireStorage } from '../require-storage.ts'
import { changeForUser } from '../user-change.ts'

/** A resumable session lives a week, and what it has sent a day. */
const longestUploadMs = 7 * 86_400_000 + uploadsLiveMs
/** Each is a field of one document, which has an end. */
const MOST_KEPT = 1_000

export interface ModelFileWish {
  name: string
  sizeBytes: number
  sha256: string
  isForSystem: boolean
}

export interface OfferedModelUpload {
  /** The object's name. */
  upload: string
  /** Null where the bytes are there: uploaded and not yet registered, or stored for a model that the user sees. */
  start: SignedUpload | null
}

/**
 * Where a model file of the user's goes, and a signed URL to send it with where it has to be sent. Its bytes count against
 * their storage for a day, and then as long as it is kept for them; operators are not asked for room.
 * @throws CallerError 403 `auth.operator-only`, 422 for a file that is too large, 429 `quota.storage`, `quota.uploads`.
 */
export async function offerModelUpload({ user, context }: Caller, wish: ModelFileWish): Promise<OfferedModelUpload> {
  const { name, sizeBytes, sha256, isForSystem } = wish
  const { config } = context
  if (isForSystem) requireOperator(user)
  if (sizeBytes > config.MAX_UPLOAD_MODEL_BYTES) {
    const message = `A model file may have ${config.MAX_UPLOAD_MODEL_BYTES} bytes at most.`
    throw invalidRequest([{ path: 'size_bytes', message }])
  }
  const { db, store, signer } = await context.loadClients()
  const extension = extensionOf(name.toLowerCase())
  const object = modelUpload({ bucket: config.WORK_BUCKET, userId: user.uid, sha256, extension })
  const upload = object.name
  const [stored, sent] = await Promise.all([
    storedBytesFor(db, { sha256, userId: isForSystem ? null : user.uid }),
    store.stat(object),
  ])
  if (stored?.sizeBytes === sizeBytes) return { upload, start: null }
  const isThere = sent?.sizeBytes === sizeBytes && !(await wasRefused(db, object, isForSystem ? null : user.uid))
  if (isThere) return { upload, start: null }
  if (!user.isOperator) await reserve(context, db, { userId: user.uid, sha256, sizeBytes })
  else if (!isForSystem) await exempt(context, db, { userId: user.uid, sha256 })
  try {
    const start = await signer.signUpload({
      bucket: object.bucket,
      name: upload,
      contentType: 'application/octet-stream',
      sizeBytes,
      expiresInMs: config.UPLOAD_URL_TTL_MS,
    })
    return { upload, start }
  } catch (error) {
    const released = settleStorage(db, { userId: user.uid, released: [uploadReservation(sha256)], addedBytes: 0 })
    await runTransaction(db, async (transaction) => released(transaction))
    throw error
  }
}

/** Whether a sync has found other bytes there than their name says: they have to be sent anew. */
async function wasRefused(db: Firestore, upload: ModelUpload, userId: string | null): Promise<boolean> {
  const source = { kind: 'upload', object: modelUploadUri(upload), sha256: upload.sha256 } as const
  const found = await reading(modelRef(db, newModelOf(source, userId).id).get())
  // What it is being synced from now must not be written over.
  if (found.get('syncStatus') === 'syncing') return false
  return /^(?:transfer|upload)\.hash-mismatch$/.test(String(found.get('syncErrorCode')))
}

/** Asked again, for a URL that is no longer good, it is the same reservation. */
async function reserve(
  context: Caller['context'],
  db: Firestore,
  file: { userId: string; sha256: string; sizeBytes: number },
): Promise<void> {
  const { userId, sha256, sizeBytes } = file
  const now = context.now()
  const key = uploadReservation(sha256)
  await changeForUser(context, db, {
    userId,
    decide: async (transaction) => {
      const usage = await readUsage(transaction, db, userId)
      const held = usage.storage.reserved[key]
      if (held?.bytes === sizeBytes && held.expireAt.toMillis() > now.getTime()) return { outcome: null, writes: null }
      requireFewFiles(usage)
      const { [key]: _before, ...others } = usage.storage.reserved
      const mostBytes = context.config.STORAGE_QUOTA_BYTES
      requireStorage({ ...usage, storage: { ...usage.storage, reserved: others } }, { uploads: [file], mostBytes, now })
      const expireAt = new Date(now.getTime() + uploadsLiveMs)
      return { outcome: null, writes: reserveStorage(db, usage, { reservations: { [key]: sizeBytes }, expireAt, now }) }
    },
  })
}

/** Says to model sync, which knows no tokens, that an operator was not asked for room, as long as their upload may last. */
async function exempt(
  context: Caller['context'],
  db: Firestore,
  { userId, sha256 }: { userId: string; sha256: string },
): Promise<void> {
  const now = context.now()
  const expireAt = new Date(now.getTime() + longestUploadMs)
  await changeForUser(context, db, {
    userId,
    decide: async (transaction) => {
      const usage = await readUsage(transaction, db, userId)
      const reservations = { [uploadReservation(sha256)]: 0 }
      return { outcome: null, writes: reserveStorage(db, usage, { reservations, expireAt, now, isExempt: true }) }
    },
  })
}

/** Those that wait for their sync are bounded by `requireStorage`. @throws CallerError 429 `quota.uploads` */
function requireFewFiles({ storage }: Usage): void {
  if (Object.keys(storage.kept).length < MOST_KEPT) return
  const message = `You have as many model files of your own as an account may have (${MOST_KEPT}); remove some first.`
  throw quotaSpent({ code: 'quota.uploads', message, retryAt: null })
}
