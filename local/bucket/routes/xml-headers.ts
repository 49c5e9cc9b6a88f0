import { type Call, header, type JsonObject } from '../http/call.ts'
import { invalid } from '../http/failure.ts'
import type { ObjectRecord } from '../storage/record.ts'

const METADATA_PREFIX = 'x-goog-meta-'

/** An upload's headers as the JSON API's body would say the same. */
export function metadataOfHeaders(call: Call): JsonObject {
  const metadata: Record<string, string> = {}
  for (const [name, value] of Object.entries(call.request.headers)) {
    if (name.startsWith(METADATA_PREFIX)) metadata[name.slice(METADATA_PREFIX.length)] = decodeHeader(String(value))
  }
  return {
    contentType: header(call, 'content-type') ?? 'application/octet-stream',
    contentEncoding: header(call, 'content-encoding'),
    contentDisposition: header(call, 'content-disposition'),
    contentLanguage: header(call, 'content-language'),
    cacheControl: header(call, 'cache-control'),
    metadata,
  }
}

/** What the XML API adds to the headers that describe an object. */
export function xmlObjectHeaders(record: ObjectRecord): Record<string, string> {
  const { md5Hash } = record.content.checksums
  const headers: Record<string, string> = {}
  if (md5Hash !== null) headers.etag = `"${Buffer.from(md5Hash, 'base64').toString('hex')}"`
  for (const [key, value] of Object.entries(record.editable.metadata ?? {})) {
    // Names that no header may have cannot be told this way; the JSON API tells them.
    if (/^[\w-]+$/.test(key)) headers[`x-goog-meta-${key}`] = encodeHeader(value)
  }
  return headers
}

/** Which headers of the answer a caller may name in the URL. */
const WANTED_HEADERS = {
  'response-content-disposition': 'content-disposition',
  'response-content-type': 'content-type',
} as const

/** What the caller wants the answer's headers to be. Throws 400 for anybody else's wish than a known caller's. */
export function wantedHeaders(call: Call, isTrusted: boolean): Record<string, string> {
  const headers: Record<string, string> = {}
  for (const [parameter, name] of Object.entries(WANTED_HEADERS)) {
    const value = call.query.get(parameter)
    if (value === null) continue
    // Otherwise a link to somebody's public object could say what a browser makes of it.
    if (!isTrusted) throw invalid(`Only a signed request may have ${parameter}.`)
    headers[name] = encodeHeader(value)
  }
  return headers
}

/** Node speaks Latin-1 in headers; the wire carries UTF-8. */
function encodeHeader(value: string): string {
  return Buffer.from(value, 'utf8')
    .toString('latin1')
    .replaceAll(/[\r\n]/g, ' ')
}

function decodeHeader(value: string): string {
  return Buffer.from(value, 'latin1').toString('utf8')
}
