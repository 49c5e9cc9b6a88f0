import type { OutgoingHttpHeaders } from 'node:http'
import { type Call, header } from '../http/call.ts'
import { ApiFailure, forbidden } from '../http/failure.ts'
import { empty, json, type Reply } from '../http/reply.ts'
import { type Route, route } from '../http/router.ts'
import { objectResource } from '../metadata/resource.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import type { ObjectRecord } from '../storage/record.ts'
import { downloadReply } from './download.ts'

/** The custom metadata key in which Firebase keeps an object's download tokens, separated by commas. */
const TOKENS_KEY = 'firebaseStorageDownloadTokens'

const CORS_HEADERS: OutgoingHttpHeaders = {
  'access-control-allow-origin': '*',
  'access-control-expose-headers': 'Content-Length, Content-Range, Content-Type, ETag, X-Goog-Generation, X-Goog-Hash',
}

/** `GET /v0/b/{bucket}/o/{object}?alt=media&token=…`: Firebase's download URLs, readable by whoever has the token. */
export function firebaseRoutes(store: ObjectStore): Route[] {
  return [
    route('GET', '/v0/b/:bucket/o/:object', (call, params) => withCors(read(store, call, params)), 'firebase'),
    route('OPTIONS', '/v0/b/:bucket/o/:object', preflight, 'firebase'),
  ]
}

function read(store: ObjectStore, call: Call, { bucket, object }: { bucket: string; object: string }): Reply {
  const record = store.hasBucket(bucket) ? store.peek(bucket, object) : null
  if (record === null) throw new ApiFailure({ status: 404, reason: 'notFound', message: 'Not Found.' })
  assertToken(record, call)
  return call.query.get('alt') === 'media' ? mediaReply(store, record, call) : metadataReply(record, call)
}

/** Without a token only an authorised caller may read; security rules, which could allow more, are not evaluated here. */
function assertToken(record: ObjectRecord, call: Call): void {
  const token = call.query.get('token')
  if (token === null && header(call, 'authorization') !== null) return
  if (token !== null && token !== '' && tokensOf(record).includes(token)) return
  throw forbidden('Permission denied.')
}

function tokensOf({ editable }: ObjectRecord): string[] {
  return (editable.metadata?.[TOKENS_KEY] ?? '').split(',').map((token) => token.trim())
}

function mediaReply(store: ObjectStore, record: ObjectRecord, call: Call): Reply {
  const reply = downloadReply(store.content, record, call)
  const disposition = `inline; filename*=utf-8''${encodeURIComponent(record.name.split('/').at(-1) ?? '')}`
  return { ...reply, headers: { 'content-disposition': disposition, ...reply.headers } }
}

/** Firebase's own resource: the tokens have a field of their own and are no custom metadata. */
function metadataReply(record: ObjectRecord, call: Call): Reply {
  const { kind, id, selfLink, mediaLink, metadata, ...resource } = objectResource(record, call.baseUrl)
  const { [TOKENS_KEY]: downloadTokens = '', ...custom } = metadata ?? {}
  const metadataField = Object.keys(custom).length === 0 ? {} : { metadata: custom }
  return json({
    ...resource,
    ...metadataField,
    contentEncoding: resource.contentEncoding ?? 'identity',
    downloadTokens,
  })
}

function preflight(call: Call): Reply {
  return empty(204, {
    ...CORS_HEADERS,
    'access-control-allow-methods': 'GET, HEAD, OPTIONS',
    'access-control-allow-headers': header(call, 'access-control-request-headers') ?? '*',
    'access-control-max-age': '3600',
  })
}

function withCors(reply: Reply): Reply {
  return { ...reply, headers: { ...reply.headers, ...CORS_HEADERS } }
}
