import type { Storage } from '@google-cloud/storage'
import { TransientError } from '#shared/errors/app-error.ts'
import type { ObjectName } from './object-facts.ts'

/** V4's rule: no signature is good for longer. */
const MAX_SIGNED_URL_MS = 7 * 24 * 60 * 60 * 1000

export interface UploadToSign extends ObjectName {
  contentType: string
  /** Exactly so many: another size is refused by the bucket. */
  sizeBytes: number
  expiresInMs: number
}

/**
 * How to begin a resumable upload: the answer (201) names the session in its `Location`, to which the bytes are PUT
 * without a signature.
 */
export interface SignedUpload {
  method: 'POST'
  url: string
  /** All of them are signed, so each has to be sent as it is. */
  headers: Record<string, string>
  expiresAt: Date
}

export interface DownloadToSign extends ObjectName {
  /** That version and no later one; absent: whatever has the name when it is read. */
  generation?: string
  expiresInMs: number
  /** The Content-Disposition of the answer, e.g. `attachment; filename="photos.zip"`. */
  responseDisposition?: string
}

/** Makes URLs that let somebody without an account at Google do one thing with one object, for a while. */
export interface UrlSigner {
  /** @throws TransientError `objects.not-signed`; RangeError for a lifetime that V4 does not allow. */
  signUpload(upload: UploadToSign): Promise<SignedUpload>
  /** The URL is good for GET, ranges included. @throws as `signUpload`. */
  signDownload(download: DownloadToSign): Promise<string>
}

/**
 * A signer with the Storage client's own account: its key where it has one, else the IAM signBlob API, one call a URL,
 * for which the account needs the role Service Account Token Creator on itself. URLs name the host the client speaks to.
 */
export function createUrlSigner(storage: Storage, now: () => number = Date.now): UrlSigner {
  const lifetimeOf = (expiresInMs: number): { accessibleAt: Date; expires: Date } => {
    if (!(expiresInMs >= 1000 && expiresInMs <= MAX_SIGNED_URL_MS)) {
      throw new RangeError(`A signed URL is good for 1 s to 7 days, not for ${expiresInMs} ms.`)
    }
    // Whole seconds on both sides: the client takes the difference of two rounded times for the lifetime.
    const startMs = Math.floor(now() / 1000) * 1000
    return { accessibleAt: new Date(startMs), expires: new Date(startMs + Math.floor(expiresInMs / 1000) * 1000) }
  }
  return {
    async signUpload({ bucket, name, contentType, sizeBytes, expiresInMs }) {
      const lifetime = lifetimeOf(expiresInMs)
      const sizeRange = { 'x-goog-content-length-range': `${sizeBytes},${sizeBytes}` }
      const [url] = await storage
        .bucket(bucket)
        .file(name)
        .getSignedUrl({ version: 'v4', action: 'resumable', contentType, extensionHeaders: sizeRange, ...lifetime })
        .catch((error: unknown) => {
          throw notSigned(error, { bucket, name })
        })
      return {
        method: 'POST',
        url,
        headers: { 'content-type': contentType, 'x-goog-resumable': 'start', ...sizeRange },
        expiresAt: lifetime.expires,
      }
    },

    async signDownload({ bucket, name, generation, expiresInMs, responseDisposition }) {
      const lifetime = lifetimeOf(expiresInMs)
      const [url] = await storage
        .bucket(bucket)
        .file(name, generation === undefined ? {} : { generation })
        .getSignedUrl({
          version: 'v4',
          action: 'read',
          ...(responseDisposition === undefined ? {} : { responseDisposition }),
          ...lifetime,
        })
        .catch((error: unknown) => {
          throw notSigned(error, { bucket, name })
        })
      return url
    },
  }
}

/** A missing role or a metadata server that is away is the operator's to mend; the work must survive until somebody has. */
function notSigned(cause: unknown, object: ObjectName): TransientError {
  return new TransientError({
    code: 'objects.not-signed',
    message:
      'No URL could be signed for Cloud Storage. The service’s account needs the role Service Account Token Creator on itself, or a key.',
    facts: { ...object, reason: cause instanceof Error ? cause.message : String(cause) },
    cause,
  })
}
