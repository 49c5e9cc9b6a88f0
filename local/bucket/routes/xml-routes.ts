import { type Call, header, readBody } from '../http/call.ts'
import { type ApiFailure, forbidden, noSuchObject, notSupported } from '../http/failure.ts'
import { empty, type Reply } from '../http/reply.ts'
import { decodeSegment, type Route, route } from '../http/router.ts'
import { initialAcl, isPublic } from '../metadata/acl.ts'
import { parseEditableMetadata } from '../metadata/editable-metadata.ts'
import { assertObjectName } from '../metadata/object-name.ts'
import { isSignedUrl, verifySignedUrl } from '../signing/signed-url.ts'
import type { SigningKeys } from '../signing/signing-keys.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { parseHeaderPreconditions, parseVersion } from '../storage/preconditions.ts'
import type { ObjectRecord } from '../storage/record.ts'
import { assertAcceptedSize, assertNotTooLarge, parseAcceptedSize } from '../uploads/accepted-size.ts'
import { parseGoogHash } from '../uploads/checksums.ts'
import { commitInsertion, type Insertion } from '../uploads/insertion.ts'
import { receiveContent } from '../uploads/receive-content.ts'
import type { UploadSessions } from '../uploads/upload-sessions.ts'
import { withBucketCors } from './bucket-cors.ts'
import { checkEtagConditions, downloadReply } from './download.ts'
import { cancelUpload, declaredBytes, incompleteReply, receiveUpload } from './upload-routes.ts'
import { metadataOfHeaders, wantedHeaders, xmlObjectHeaders } from './xml-headers.ts'

interface XmlContext {
  store: ObjectStore
  sessions: UploadSessions
  keys: SigningKeys
  now: () => Date
}

interface ObjectPath {
  bucket: string
  name: string
}

/** First segments that belong to the other APIs: what they do not know is no bucket's object. */
const OTHER_APIS = new Set(['b', 'v0', 'storage', 'upload', 'download', 'batch', '_emulator'])

/** A key is a few hundred bytes. */
const MAX_KEY_BYTES = 16 * 1024

/**
 * `/{bucket}/{object}`, the XML API's paths: public URLs and signed ones. Every other route comes first; the object's
 * slashes may be encoded or not.
 */
export function xmlRoutes(context: XmlContext): Route[] {
  const on = (method: string, handle: (call: Call, path: ObjectPath) => Promise<Reply> | Reply): Route => ({
    method,
    dialect: 'xml',
    match: ([bucket = '', ...object]) =>
      OTHER_APIS.has(bucket) || object.join('/') === '' ? null : { bucket, object: object.join('/') },
    handle: async (call, { bucket = '', object = '' }) => {
      const reply = await handle(call, { bucket: decodeSegment(bucket), name: decodeSegment(object) })
      return withBucketCors(context.store, bucket, call, reply)
    },
  })
  return [
    route('PUT', '/_emulator/keys', async (call) => {
      await context.keys.register((await readBody(call, MAX_KEY_BYTES)).toString('utf8'))
      return empty(204)
    }),
    on('GET', (call, path) => readObject(context, call, path)),
    on('PUT', (call, path) => writeObject(context, call, path)),
    on('POST', (call, path) => startResumable(context, call, path)),
    on('DELETE', (call, path) => deleteObject(context, call, path)),
    on('OPTIONS', () => empty(200)),
  ]
}

function readObject(context: XmlContext, call: Call, path: ObjectPath): Reply {
  const { store } = context
  const bucket = store.bucket(path.bucket)
  const isTrusted = isAuthorised(context, call)
  const found = store.peek(path.bucket, path.name)
  // Who may not know what is there is told the same for what is not.
  if (!isTrusted && (found === null || !isPublic(bucket, found))) throw anonymousRefused()
  if (found === null) throw noSuchObject(path.bucket, path.name)
  const generation = parseVersion(call.query.get('generation'))
  const record = store.find({ ...path, generation, conditions: parseHeaderPreconditions(call.request.headers) })
  checkEtagConditions(call, record)
  const reply = downloadReply(store.content, record, call)
  return { ...reply, headers: { ...reply.headers, ...xmlObjectHeaders(record), ...wantedHeaders(call, isTrusted) } }
}

async function writeObject(context: XmlContext, call: Call, path: ObjectPath): Promise<Reply> {
  const { store, sessions } = context
  if (call.query.has('upload_id')) {
    // The session's address is its own permission, handed out to whoever was allowed to start it.
    const progress = await receiveUpload(sessions, call)
    return progress.kind === 'complete' ? writtenReply(progress.record) : incompleteReply(progress.keptBytes, call)
  }
  if (!isAuthorised(context, call)) throw anonymousRefused()
  if (header(call, 'x-goog-copy-source') !== null) throw notSupported('copies through the XML API')
  const insertion = parseXmlInsertion(store, call, path)
  assertNotTooLarge(insertion.acceptedSize, Number(header(call, 'content-length') ?? 0))
  const content = await receiveContent(store.content, call.body())
  return writtenReply(await commitInsertion(store, insertion, content))
}

/** `POST` with `x-goog-resumable: start`: the answer's Location is the session. */
async function startResumable(context: XmlContext, call: Call, path: ObjectPath): Promise<Reply> {
  if (!isAuthorised(context, call)) throw anonymousRefused()
  if (header(call, 'x-goog-resumable') !== 'start') throw notSupported('this POST of the XML API')
  const insertion = parseXmlInsertion(context.store, call, path)
  const announcedBytes = declaredBytes(call)
  if (announcedBytes !== null) assertAcceptedSize(insertion.acceptedSize, announcedBytes)
  const id = await context.sessions.start(insertion, announcedBytes)
  return empty(201, { location: `${call.baseUrl}${call.rawPath}?upload_id=${id}`, 'x-guploader-uploadid': id })
}

async function deleteObject(context: XmlContext, call: Call, path: ObjectPath): Promise<Reply> {
  if (call.query.has('upload_id')) return cancelUpload(context.sessions, call)
  if (!isAuthorised(context, call)) throw anonymousRefused()
  const generation = parseVersion(call.query.get('generation'))
  await context.store.remove({ ...path, generation, conditions: parseHeaderPreconditions(call.request.headers) })
  return empty(204)
}

/**
 * Signed by a known key, carrying any bearer token (tokens themselves are nobody's to check on a local machine), or sent by a
 * client library: with STORAGE_EMULATOR_HOST they have no token, and Go's reads objects over this API.
 */
function isAuthorised({ keys, now }: XmlContext, call: Call): boolean {
  if (isSignedUrl(call)) {
    verifySignedUrl({ call, keys: keys.all(), now: now() })
    return true
  }
  return header(call, 'authorization') !== null || header(call, 'x-goog-api-client') !== null
}

function anonymousRefused(): ApiFailure {
  return forbidden('Anonymous caller does not have access to the Google Cloud Storage object, or it may not exist.')
}

/** What the XML API says in headers the JSON API says in a body. */
function parseXmlInsertion(store: ObjectStore, call: Call, path: ObjectPath): Insertion {
  assertObjectName(path.name)
  const bucket = store.bucket(path.bucket)
  const md5Hash = header(call, 'content-md5')
  const predefined =
    header(call, 'x-goog-acl')?.replaceAll(/-(\w)/g, (_match, letter: string) => letter.toUpperCase()) ?? null
  const insertion: Insertion = {
    ...path,
    editable: parseEditableMetadata(metadataOfHeaders(call)),
    storageClass: header(call, 'x-goog-storage-class') ?? String(bucket.settings.storageClass),
    acl: initialAcl(bucket, predefined, null),
    conditions: parseHeaderPreconditions(call.request.headers),
    acceptedSize: parseAcceptedSize(call),
    declared: {
      ...parseGoogHash(header(call, 'x-goog-hash') ?? undefined),
      ...(md5Hash === null ? {} : { md5Hash }),
    },
  }
  store.checkWrite(path.bucket, path.name, insertion.conditions)
  return insertion
}

function writtenReply(record: ObjectRecord): Reply {
  const { crc32c, md5Hash } = record.content.checksums
  return empty(200, {
    etag: xmlObjectHeaders(record).etag ?? '',
    'x-goog-generation': String(record.generation),
    'x-goog-metageneration': String(record.metageneration),
    'x-goog-hash': `crc32c=${crc32c},md5=${md5Hash}`,
    'x-goog-stored-content-length': String(record.content.sizeBytes),
  })
}
