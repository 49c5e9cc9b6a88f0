import { createHash, type KeyObject, verify } from 'node:crypto'
import { type Call, header } from '../http/call.ts'
import { ApiFailure, forbidden, invalid } from '../http/failure.ts'

const ALGORITHM = 'GOOG4-RSA-SHA256'
/** The longest life that a V4 signature may have. */
const MAX_LIFETIME_SECONDS = 7 * 24 * 60 * 60

interface SignatureCheck {
  call: Call
  keys: readonly KeyObject[]
  now: Date
}

/** Whether a call claims to be signed by its URL, in the V4 or the V2 form. */
export function isSignedUrl(call: Call): boolean {
  return call.query.has('X-Goog-Signature') || (call.query.has('Signature') && call.query.has('GoogleAccessId'))
}

/** Throws where the URL was not signed with one of the keys for exactly this call, or its time is over. */
export function verifySignedUrl(check: SignatureCheck): void {
  if (check.call.query.has('X-Goog-Signature')) verifyV4(check)
  else verifyV2(check)
}

/** https://cloud.google.com/storage/docs/access-control/signed-urls (V4): the canonical request, then the string to sign. */
function verifyV4({ call, keys, now }: SignatureCheck): void {
  const { query } = call
  const [credential, date, expires, signedHeaders, signature] = [
    ...['X-Goog-Credential', 'X-Goog-Date', 'X-Goog-Expires', 'X-Goog-SignedHeaders', 'X-Goog-Signature'],
  ].map((name) => query.get(name) ?? '') as [string, string, string, string, string]
  if (query.get('X-Goog-Algorithm') !== ALGORITHM) throw invalid('Invalid argument: X-Goog-Algorithm.')
  const lifetimeSeconds = Number(expires)
  if (!(lifetimeSeconds > 0 && lifetimeSeconds <= MAX_LIFETIME_SECONDS))
    throw invalid('Invalid argument: X-Goog-Expires.')
  const names = signedHeaders.split(';')
  if (!names.includes('host')) throw invalid('The host header must be signed.')
  assertSignedHeaders(call, names)
  const scope = credential.slice(credential.indexOf('/') + 1)
  const isSigned = signedHosts(call).some((host) => {
    const canonical = canonicalRequest(call, names, host)
    const digest = createHash('sha256').update(canonical).digest('hex')
    return isSignedByAny(keys, [ALGORITHM, date, scope, digest].join('\n'), Buffer.from(signature, 'hex'))
  })
  if (!isSigned) throw signatureMismatch()
  assertWithinLifetime(parseBasicDate(date), lifetimeSeconds * 1000, now)
}

/** What is signed must be there, and what a request means to Cloud Storage must be signed. */
function assertSignedHeaders(call: Call, names: readonly string[]): void {
  const missing = names.find((name) => name !== 'host' && header(call, name) === null)
  if (missing !== undefined) throw malformedHeader(`${missing} was included in signedheaders, but not in the request.`)
  const unsigned = Object.keys(call.request.headers).find((name) => isExtension(name) && !names.includes(name))
  if (unsigned !== undefined) throw malformedHeader(`${unsigned} was in the request, but not in signedheaders.`)
}

/** The headers that change what a request does; those in which clients tell about themselves do not. */
function isExtension(name: string): boolean {
  return name.startsWith('x-goog-') && !name.startsWith('x-goog-api-') && name !== 'x-goog-gcs-idempotency-token'
}

/** The client signs the host without its port; others, as the header has it. */
function signedHosts(call: Call): string[] {
  const host = header(call, 'host') ?? ''
  return [...new Set([host.replace(/:\d+$/, ''), host])]
}

function canonicalRequest(call: Call, names: readonly string[], host: string): string {
  const headers = names.map((name) => {
    const value = name === 'host' ? host : (header(call, name) ?? '')
    return `${name}:${value.trim().replaceAll(/\s{2,}/g, ' ')}\n`
  })
  const payload = names.includes('x-goog-content-sha256') ? header(call, 'x-goog-content-sha256') : 'UNSIGNED-PAYLOAD'
  return [call.method, call.rawPath, canonicalQuery(call.query), headers.join(''), names.join(';'), payload].join('\n')
}

function canonicalQuery(query: URLSearchParams): string {
  return [...query]
    .filter(([name]) => name !== 'X-Goog-Signature')
    .map(([name, value]) => [encode(name), encode(value)] as const)
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}=${value}`)
    .join('&')
}

/** V2: the verb, two headers, the end as a time, the `x-goog-` headers and the resource. */
function verifyV2({ call, keys, now }: SignatureCheck): void {
  const { query, request } = call
  const expires = query.get('Expires') ?? ''
  const extensions = Object.entries(request.headers)
    .filter(([name]) => isExtension(name))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([name, value]) => `${name}:${String(value).trim()}\n`)
  const signed = [
    call.method,
    header(call, 'content-md5') ?? '',
    header(call, 'content-type') ?? '',
    expires,
    `${extensions.join('')}${call.rawPath}`,
  ].join('\n')
  if (!isSignedByAny(keys, signed, Buffer.from(query.get('Signature') ?? '', 'base64'))) throw signatureMismatch()
  if (now.getTime() > Number(expires) * 1000) throw expired()
}

function isSignedByAny(keys: readonly KeyObject[], signed: string, signature: Buffer): boolean {
  return keys.some((key) => verify('RSA-SHA256', Buffer.from(signed), key, signature))
}

function assertWithinLifetime(signedAtMs: number, lifetimeMs: number, now: Date): void {
  // A signer's clock may be ahead of ours by a little.
  const toleranceMs = 15 * 60 * 1000
  if (now.getTime() < signedAtMs - toleranceMs) throw forbidden('The signature is not valid yet.')
  if (now.getTime() > signedAtMs + lifetimeMs) throw expired()
}

/** `20261121T045300Z` as milliseconds. */
function parseBasicDate(date: string): number {
  const match = /^(\d{4})(\d\d)(\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(date)
  if (match === null) throw invalid('Invalid argument: X-Goog-Date.')
  const [, year, month, day, hour, minute, second] = match.map(Number) as [number, ...number[]]
  return Date.UTC(year ?? 0, (month ?? 1) - 1, day, hour, minute, second)
}

function malformedHeader(details: string): ApiFailure {
  return new ApiFailure({
    status: 400,
    reason: 'invalid',
    xmlCode: 'MalformedSecurityHeader',
    message: `Your request has a malformed header. Header ${details}`,
  })
}

function signatureMismatch(): ApiFailure {
  return forbidden(
    'The request signature we calculated does not match the signature you provided. Check your Google secret key and signing method.',
    'SignatureDoesNotMatch',
  )
}

function expired(): ApiFailure {
  return forbidden('The provided token has expired.', 'ExpiredToken')
}

function encode(text: string): string {
  return encodeURIComponent(text).replaceAll(
    /[!'()*]/g,
    (character) => `%${character.charCodeAt(0).toString(16).toUpperCase()}`,
  )
}
