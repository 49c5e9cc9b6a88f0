import { type Call, header, readJsonBody } from '../http/call.ts'
import { ApiFailure, invalid } from '../http/failure.ts'
import { empty, type Reply } from '../http/reply.ts'
import { type Route, route } from '../http/router.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { parseGoogHash } from '../uploads/checksums.ts'
import { parseUploadRange } from '../uploads/content-range.ts'
import { commitInsertion, parseInsertion } from '../uploads/insertion.ts'
import { parseMultipartUpload } from '../uploads/multipart-body.ts'
import { receiveContent } from '../uploads/receive-content.ts'
import type { UploadProgress, UploadSessions } from '../uploads/upload-sessions.ts'
import { resourceReply } from './object-routes.ts'

const DEFAULT_CONTENT_TYPE = 'application/octet-stream'

/** `POST|PUT|DELETE /upload/storage/v1/b/{bucket}/o`: simple, multipart and resumable uploads. */
export function uploadRoutes(store: ObjectStore, sessions: UploadSessions): Route[] {
  const upload = (call: Call, bucket: string): Promise<Reply> => {
    const uploadType = call.query.get('uploadType')
    if (call.query.has('upload_id')) return continueUpload(sessions, call)
    switch (uploadType) {
      case 'media':
        return uploadMedia(store, call, bucket)
      case 'multipart':
        return uploadMultipart(store, call, bucket)
      case 'resumable':
        return startUpload(store, sessions, call, bucket)
      default:
        throw invalid(`Invalid uploadType: '${uploadType}'`)
    }
  }
  return [
    route('POST', '/upload/b/:bucket/o', (call, { bucket }) => upload(call, bucket)),
    route('PUT', '/upload/b/:bucket/o', (call, { bucket }) => upload(call, bucket)),
    route('DELETE', '/upload/b/:bucket/o', (call) => cancelUpload(sessions, call)),
  ]
}

async function uploadMedia(store: ObjectStore, call: Call, bucket: string): Promise<Reply> {
  const insertion = parseInsertion(store, call, bucket, {
    contentType: header(call, 'content-type') ?? DEFAULT_CONTENT_TYPE,
  })
  const md5Hash = header(call, 'content-md5')
  if (md5Hash !== null) insertion.declared.md5Hash = md5Hash
  const content = await receiveContent(store.content, call.body())
  return resourceReply(await commitInsertion(store, insertion, content), call)
}

async function uploadMultipart(store: ObjectStore, call: Call, bucket: string): Promise<Reply> {
  const { metadata, mediaType, media } = await parseMultipartUpload(header(call, 'content-type'), call.body())
  const contentType = metadata.contentType ?? mediaType ?? DEFAULT_CONTENT_TYPE
  const insertion = parseInsertion(store, call, bucket, { ...metadata, contentType })
  const content = await receiveContent(store.content, media)
  return resourceReply(await commitInsertion(store, insertion, content), call)
}

async function startUpload(store: ObjectStore, sessions: UploadSessions, call: Call, bucket: string): Promise<Reply> {
  const body = await readJsonBody(call)
  const contentType = body.contentType ?? header(call, 'x-upload-content-type') ?? DEFAULT_CONTENT_TYPE
  const insertion = parseInsertion(store, call, bucket, { ...body, contentType })
  const id = await sessions.start(insertion, declaredBytes(call))
  const name = encodeURIComponent(insertion.name)
  const location = `${call.baseUrl}/upload/storage/v1/b/${bucket}/o?uploadType=resumable&name=${name}&upload_id=${id}`
  return empty(200, { location, 'x-guploader-uploadid': id })
}

/** The size that the start of a resumable upload announces, or null. */
export function declaredBytes(call: Call): number | null {
  const length = header(call, 'x-upload-content-length')
  if (length !== null && !/^\d+$/.test(length)) throw invalid(`Invalid X-Upload-Content-Length: '${length}'`)
  return length === null ? null : Number(length)
}

async function continueUpload(sessions: UploadSessions, call: Call): Promise<Reply> {
  const progress = await receiveUpload(sessions, call)
  return progress.kind === 'complete' ? resourceReply(progress.record, call) : incompleteReply(progress.keptBytes, call)
}

/** Takes a PUT to a session, whichever API it came through. */
export function receiveUpload(sessions: UploadSessions, call: Call): Promise<UploadProgress> {
  const id = call.query.get('upload_id') ?? ''
  const range = parseUploadRange(header(call, 'content-range'))
  sessions.declare(id, parseGoogHash(header(call, 'x-goog-hash') ?? undefined))
  return sessions.receive(id, range, call)
}

/** 308 with what is kept; clients that cannot take a 308 ask for it as a 200 with a header. */
export function incompleteReply(keptBytes: number, call: Call): Reply {
  const range = keptBytes === 0 ? {} : { range: `bytes=0-${keptBytes - 1}` }
  const isOverridden = header(call, 'x-guploader-no-308') === 'yes'
  return isOverridden ? empty(200, { ...range, 'x-http-status-code-override': '308' }) : empty(308, range)
}

export async function cancelUpload(sessions: UploadSessions, call: Call): Promise<Reply> {
  await sessions.cancel(call.query.get('upload_id') ?? '')
  throw new ApiFailure({ status: 499, reason: 'clientClosedRequest', message: 'The upload was cancelled.' })
}
