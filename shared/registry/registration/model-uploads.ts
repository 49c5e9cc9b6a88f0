import type { ModelSource } from '../../documents/model.ts'

/** Below it lie people's own model files until they are synced (work bucket). */
export const modelUploadsPrefix = 'model-uploads/'

/** A model file of a person's own, where it waits for its sync. */
export interface ModelUpload {
  /** The work bucket. */
  bucket: string
  name: string
  /** Who sent it. */
  userId: string
  /** What its bytes must be; lower hex. */
  sha256: string
}

const uploadUri = /^gs:\/\/([^/]+)\/(model-uploads\/(.+)\/([0-9a-f]{64})(?:\.[a-z0-9_]{1,15})?)$/

/**
 * Where a person's file goes. Its owner and its bytes are its name, so that a file sent twice is one object. `extension` is
 * empty or as `.safetensors`: what the file is, where its bytes don't say.
 */
export function modelUpload(file: { bucket: string; userId: string; sha256: string; extension: string }): ModelUpload {
  const { bucket, userId, sha256, extension } = file
  return { bucket, name: `${modelUploadsPrefix}${userId}/${sha256}${extension}`, userId, sha256 }
}

/** How a model's document names the upload (`uploadObject`). */
export function modelUploadUri({ bucket, name }: Pick<ModelUpload, 'bucket' | 'name'>): string {
  return `gs://${bucket}/${name}`
}

/** Reads what a document names; null for anything that is no upload of a model. */
export function parseModelUploadUri(text: string): ModelUpload | null {
  const [, bucket, name, userId, sha256] = uploadUri.exec(text) ?? []
  if (bucket === undefined || name === undefined || userId === undefined || sha256 === undefined) return null
  return { bucket, name, userId, sha256 }
}

/** Whether a model is made of an upload of these bytes. */
export function isUploadOf(
  { engine, uploadObject }: Pick<ModelSource, 'engine' | 'uploadObject'>,
  sha256: string,
): boolean {
  return engine === 'upload' && parseModelUploadUri(uploadObject ?? '')?.sha256 === sha256
}

/** Under what an upload is reserved in its owner's storage, and its bytes count there once they are kept. */
export function uploadReservation(sha256: string): string {
  return `model-${sha256}`
}
