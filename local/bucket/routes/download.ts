import type { OutgoingHttpHeaders } from 'node:http'
import { pipeline, type Readable } from 'node:stream'
import { createGunzip } from 'node:zlib'
import { type ByteRange, resolveByteRange } from '../../byte-range.ts'
import { type Call, header } from '../http/call.ts'
import { notModified, preconditionFailed, rangeNotSatisfiable } from '../http/failure.ts'
import { empty, type Reply } from '../http/reply.ts'
import { versionEtag } from '../metadata/resource.ts'
import type { ContentStore } from '../storage/content-store.ts'
import type { ObjectRecord } from '../storage/record.ts'

/** An object's bytes: whole, a range, or unzipped for those who do not accept gzip (decompressive transcoding). */
export function downloadReply(content: ContentStore, record: ObjectRecord, call: Call): Reply {
  return mustGunzip(record, call) ? gunzippedReply(content, record, call) : storedReply(content, record, call)
}

function storedReply(content: ContentStore, record: ObjectRecord, call: Call): Reply {
  const { sizeBytes, segments } = record.content
  const headers = { ...mediaHeaders(record), 'accept-ranges': 'bytes' }
  const range = resolveRange(call, record)
  const { first, last } = range ?? { first: 0, last: sizeBytes - 1 }
  const sized: OutgoingHttpHeaders = { ...headers, 'content-length': last - first + 1 }
  const status = range === null ? 200 : 206
  if (range !== null) sized['content-range'] = `bytes ${first}-${last}/${sizeBytes}`
  if (call.method === 'HEAD' || sizeBytes === 0) return empty(status, sized)
  return { status, headers: sized, body: content.read(segments, { first, last }) }
}

/** The length of unzipped bytes is not known beforehand and ranges do not apply to them: both headers are left out. */
function gunzippedReply(content: ContentStore, record: ObjectRecord, call: Call): Reply {
  const { 'content-encoding': _stored, ...headers } = mediaHeaders(record)
  const transcoded = { ...headers, vary: 'Accept-Encoding', warning: '214 UploadServer gunzipped' }
  if (call.method === 'HEAD' || record.content.sizeBytes === 0) return empty(200, transcoded)
  const stored = content.read(record.content.segments, { first: 0, last: record.content.sizeBytes - 1 })
  return { status: 200, headers: transcoded, body: gunzip(stored) }
}

function gunzip(stored: Readable): Readable {
  // An object that only claims to be gzip breaks the stream off; the reader sees a cut body, as with the service.
  return pipeline(stored, createGunzip(), () => {})
}

function mustGunzip({ editable }: ObjectRecord, call: Call): boolean {
  if (editable.contentEncoding !== 'gzip') return false
  if (/\bno-transform\b/.test(editable.cacheControl ?? '')) return false
  return !/\b(?:gzip|\*)/.test(header(call, 'accept-encoding') ?? '')
}

function resolveRange(call: Call, record: ObjectRecord): ByteRange | null {
  const condition = header(call, 'if-range')
  if (condition !== null && !etagsOf(record).includes(condition)) return null
  const range = resolveByteRange(header(call, 'range'), record.content.sizeBytes)
  if (range === 'unsatisfiable') throw rangeNotSatisfiable()
  return range
}

/** The etags that name this version: the JSON API's and, for the XML API, the quoted MD5. */
function etagsOf({ generation, metageneration, content }: ObjectRecord): string[] {
  const etag = versionEtag(generation, metageneration)
  const { md5Hash } = content.checksums
  const md5Etag = md5Hash === null ? [] : [`"${Buffer.from(md5Hash, 'base64').toString('hex')}"`]
  return [etag, `"${etag}"`, ...md5Etag]
}

/** Answers If-Match and If-None-Match; throws 412 or 304. */
export function checkEtagConditions(call: Call, record: ObjectRecord): void {
  const etags = etagsOf(record)
  const isNamedBy = (list: string): boolean =>
    list.split(',').some((tag) => tag.trim() === '*' || etags.includes(tag.trim().replace(/^W\//, '')))
  const match = header(call, 'if-match')
  if (match !== null && !isNamedBy(match)) {
    throw preconditionFailed()
  }
  const noneMatch = header(call, 'if-none-match')
  if (noneMatch !== null && isNamedBy(noneMatch)) {
    throw notModified()
  }
}

/** The headers that describe the stored object, the same for every way to read it. */
export function mediaHeaders(record: ObjectRecord): OutgoingHttpHeaders {
  const { editable, content, generation, metageneration, updated } = record
  const { crc32c, md5Hash } = content.checksums
  const headers: OutgoingHttpHeaders = {
    etag: versionEtag(generation, metageneration),
    'content-type': editable.contentType ?? 'application/octet-stream',
    'last-modified': new Date(updated).toUTCString(),
    'x-goog-generation': String(generation),
    'x-goog-metageneration': String(metageneration),
    'x-goog-hash': md5Hash === null ? `crc32c=${crc32c}` : `crc32c=${crc32c},md5=${md5Hash}`,
    'x-goog-storage-class': record.storageClass,
    'x-goog-stored-content-encoding': editable.contentEncoding ?? 'identity',
    'x-goog-stored-content-length': String(content.sizeBytes),
  }
  if (content.componentCount !== null) headers['x-goog-component-count'] = String(content.componentCount)
  if (editable.contentEncoding !== undefined) headers['content-encoding'] = editable.contentEncoding
  if (editable.contentDisposition !== undefined) headers['content-disposition'] = editable.contentDisposition
  if (editable.contentLanguage !== undefined) headers['content-language'] = editable.contentLanguage
  if (editable.cacheControl !== undefined) headers['cache-control'] = editable.cacheControl
  return headers
}
