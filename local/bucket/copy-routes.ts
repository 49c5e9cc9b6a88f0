import { initialAcl, parseAclList } from './acl.ts'
import { type Call, type JsonObject, readJsonBody } from './call.ts'
import { decodeCrc32c, encodeCrc32c } from './checksums.ts'
import { combineCrc32c } from './crc32c-combine.ts'
import { hasEditableMetadata, parseEditableMetadata } from './editable-metadata.ts'
import { invalid } from './failure.ts'
import { assertObjectName } from './object-name.ts'
import { resourceReply } from './object-routes.ts'
import type { NewObject, ObjectStore } from './object-store.ts'
import { parsePreconditions, parseVersion } from './preconditions.ts'
import type { Content, ObjectRecord } from './record.ts'
import { json, type Reply } from './reply.ts'
import { objectResource } from './resource.ts'
import { type Route, route } from './router.ts'

/** The service's limit for one compose. */
const MAX_COMPOSE_SOURCES = 32

/** Objects made of objects: copy, rewrite, move, compose. No byte is copied; the new object shares the content files. */
export function copyRoutes(store: ObjectStore): Route[] {
  return [
    route('POST', '/b/:bucket/o/:object/copyTo/b/:toBucket/o/:toObject', async (call, params) =>
      resourceReply(await copyObject(store, call, params), call),
    ),
    route('POST', '/b/:bucket/o/:object/rewriteTo/b/:toBucket/o/:toObject', async (call, params) =>
      rewriteReply(await copyObject(store, call, params), call),
    ),
    route('POST', '/b/:bucket/o/:object/moveTo/o/:toObject', async (call, params) =>
      resourceReply(await moveObject(store, call, params), call),
    ),
    route('POST', '/b/:bucket/o/:object/compose', async (call, params) =>
      resourceReply(await composeObject(store, call, params), call),
    ),
  ]
}

interface CopyParams {
  bucket: string
  object: string
  toBucket: string
  toObject: string
}

async function copyObject(store: ObjectStore, call: Call, params: CopyParams): Promise<ObjectRecord> {
  const body = await readJsonBody(call)
  assertObjectName(params.toObject)
  const source = store.find({
    bucket: params.bucket,
    name: params.object,
    generation: parseVersion(call.query.get('sourceGeneration')),
    conditions: {},
  })
  const conditions = parsePreconditions(call.query, 'Source')
  store.find({ bucket: params.bucket, name: params.object, generation: source.generation, conditions })
  return putShared(store, call, [source], {
    bucket: params.toBucket,
    name: params.toObject,
    ...inherited(store, call, source, params.toBucket, body),
  })
}

/** The metadata of a copy: the body's if it has any, else all of the source's; access is never copied. */
function inherited(store: ObjectStore, call: Call, source: ObjectRecord, toBucket: string, body: JsonObject) {
  const predefined = call.query.get('destinationPredefinedAcl')
  return {
    editable: hasEditableMetadata(body) ? parseEditableMetadata(body) : source.editable,
    storageClass: typeof body.storageClass === 'string' ? body.storageClass : source.storageClass,
    acl: initialAcl(store.bucket(toBucket), predefined, parseAclList(body.acl)),
  }
}

async function moveObject(
  store: ObjectStore,
  call: Call,
  params: { bucket: string; object: string; toObject: string },
): Promise<ObjectRecord> {
  assertObjectName(params.toObject)
  const source = {
    bucket: params.bucket,
    name: params.object,
    generation: null,
    conditions: parsePreconditions(call.query, 'Source'),
  }
  const destination = { name: params.toObject, conditions: parsePreconditions(call.query) }
  return store.move(source, destination, async ({ editable, storageClass, acl, bucket, content }) => {
    const segments = await store.content.share(content.segments)
    return {
      bucket,
      name: params.toObject,
      editable,
      storageClass,
      acl,
      content: { ...content, segments },
      uploadId: null,
    }
  })
}

async function composeObject(
  store: ObjectStore,
  call: Call,
  params: { bucket: string; object: string },
): Promise<ObjectRecord> {
  const body = await readJsonBody(call)
  assertObjectName(params.object)
  const sources = parseComposeSources(body).map((source) => findComposeSource(store, params.bucket, source))
  const destination = isObject(body.destination) ? body.destination : {}
  const [first] = sources
  const editable = parseEditableMetadata(destination)
  if (editable.contentType === undefined && first?.editable.contentType !== undefined) {
    editable.contentType = first.editable.contentType
  }
  const bucket = store.bucket(params.bucket)
  return putShared(
    store,
    call,
    sources,
    {
      bucket: params.bucket,
      name: params.object,
      editable,
      storageClass: String(destination.storageClass ?? bucket.settings.storageClass),
      acl: initialAcl(bucket, call.query.get('destinationPredefinedAcl'), parseAclList(destination.acl)),
    },
    'composite',
  )
}

interface ComposeSource {
  name: string
  generation: number | null
  generationMatch: number | null
}

function parseComposeSources(body: JsonObject): ComposeSource[] {
  const { sourceObjects } = body
  if (!Array.isArray(sourceObjects) || sourceObjects.length === 0) {
    throw invalid('You must provide at least one source component.')
  }
  if (sourceObjects.length > MAX_COMPOSE_SOURCES) {
    throw invalid(
      `The number of source components provided (${sourceObjects.length}) exceeds the maximum (${MAX_COMPOSE_SOURCES}).`,
    )
  }
  return sourceObjects.map((source: unknown) => {
    if (!isObject(source) || typeof source.name !== 'string') throw invalid('A source component has no name.')
    const conditions = isObject(source.objectPreconditions) ? source.objectPreconditions : {}
    return {
      name: source.name,
      generation: versionField(source.generation),
      generationMatch: versionField(conditions.ifGenerationMatch),
    }
  })
}

function findComposeSource(store: ObjectStore, bucket: string, source: ComposeSource): ObjectRecord {
  const { name, generation, generationMatch } = source
  const conditions = generationMatch === null ? {} : { generationMatch }
  return store.find({ bucket, name, generation, conditions })
}

/** Makes one object of others' content. The sources are held while their files get second names. */
async function putShared(
  store: ObjectStore,
  call: Call,
  sources: ObjectRecord[],
  object: Omit<NewObject, 'content' | 'uploadId'>,
  kind: 'copy' | 'composite' = 'copy',
): Promise<ObjectRecord> {
  const stored = sources.flatMap(({ content }) => content.segments)
  const release = store.content.pin(stored)
  try {
    const conditions = parsePreconditions(call.query)
    store.checkWrite(object.bucket, object.name, conditions)
    const segments = await store.content.share(stored)
    const contents = sources.map(({ content }) => content)
    const content = kind === 'composite' ? compositeContent(contents) : contents[0]
    if (content === undefined) throw invalid('There is nothing to copy.')
    try {
      return await store.put({ ...object, content: { ...content, segments }, uploadId: null }, conditions)
    } catch (error) {
      await store.content.discard(segments)
      throw error
    }
  } finally {
    release()
  }
}

function compositeContent(parts: readonly Content[]): Content {
  const sizeBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0)
  const crc = parts.reduce((sum, part) => combineCrc32c(sum, decodeCrc32c(part.checksums.crc32c), part.sizeBytes), 0)
  return {
    segments: [],
    sizeBytes,
    checksums: { crc32c: encodeCrc32c(crc), md5Hash: null },
    componentCount: parts.reduce((sum, part) => sum + (part.componentCount ?? 1), 0),
  }
}

/** A rewrite here is always done in one call; the reply says so. */
function rewriteReply(record: ObjectRecord, call: Call): Reply {
  const size = String(record.content.sizeBytes)
  const resource = objectResource(record, call.baseUrl)
  return json({ kind: 'storage#rewriteResponse', totalBytesRewritten: size, objectSize: size, done: true, resource })
}

function versionField(value: unknown): number | null {
  return value === undefined || value === null ? null : parseVersion(String(value))
}

function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value)
}
