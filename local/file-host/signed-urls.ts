import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto'
import { Refusal } from './refusal.ts'

/** As R2 hands them out: a day. */
const DEFAULT_EXPIRES_IN_MS = 24 * 3_600_000
const SIGNATURE = 'X-Amz-Signature'

/** URLs that let their bearer read one file for a while, in the form of S3's presigned ones. */
export interface SignedUrls {
  /** Never the same twice. */
  sign(path: string, options: { disposition: string; expiresInMs?: number | undefined }): string
  /** Throws a 403 where the URL was not made here, was changed, or its time is over. */
  check(url: URL): void
  /** Ends the time of every URL that was handed out so far. */
  expireAll(): void
}

export function createSignedUrls(now: () => number): SignedUrls {
  const key = randomBytes(32)
  // The parameters know seconds only; tests want a URL to live shorter than that.
  const expiresAtMs = new Map<string, number>()

  const signatureOf = (path: string, query: URLSearchParams): Buffer => {
    const signed = new URLSearchParams([...query].filter(([name]) => name !== SIGNATURE))
    return createHmac('sha256', key).update(`${path}?${signed}`).digest()
  }

  return {
    sign(path, { disposition, expiresInMs = DEFAULT_EXPIRES_IN_MS }) {
      const date = new Date(now()).toISOString().replaceAll(/[-:]|\.\d+/g, '')
      const id = randomBytes(8).toString('hex')
      expiresAtMs.set(id, now() + expiresInMs)
      const query = new URLSearchParams({
        'X-Amz-Algorithm': 'AWS4-HMAC-SHA256',
        'X-Amz-Credential': `local-file-host/${date.slice(0, 8)}/auto/s3/aws4_request`,
        'X-Amz-Date': date,
        'X-Amz-Expires': String(Math.max(1, Math.ceil(expiresInMs / 1000))),
        'X-Amz-SignedHeaders': 'host',
        'response-content-disposition': disposition,
        'x-id': id,
      })
      query.set(SIGNATURE, signatureOf(path, query).toString('hex'))
      return `${path}?${query}`
    },
    check({ pathname, searchParams }) {
      const given = Buffer.from(searchParams.get(SIGNATURE) ?? '', 'hex')
      if (given.byteLength === 0) throw new Refusal(403, 'AccessDenied', 'Access Denied')
      const expected = signatureOf(pathname, searchParams)
      if (given.byteLength !== expected.byteLength || !timingSafeEqual(given, expected)) {
        const message = 'The request signature we calculated does not match the signature you provided.'
        throw new Refusal(403, 'SignatureDoesNotMatch', message)
      }
      const endMs = expiresAtMs.get(searchParams.get('x-id') ?? '') ?? 0
      if (now() >= endMs) throw new Refusal(403, 'AccessDenied', 'Request has expired')
    },
    expireAll: () => expiresAtMs.clear(),
  }
}
