import { decodeCrc32c, encodeCrc32c } from '#shared/objects/crc32c.ts'
import { combineCrc32c } from '#shared/objects/crc32c-combine.ts'
import { type Call, isJsonObject, type JsonObject, readJsonBody } from '../http/call.ts'
import { invalid } from '../http/failure.ts'
import { type Route, route } from '../http/router.ts'
import { initialAcl, parseAclList } from '../metadata/acl.ts'
import { parseEditableMetadata } from '../metadata/editable-metadata.ts'
import { assertObjectName } from '../metadata/object-name.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { parseVersion } from '../storage/preconditions.ts'
import type { Content, ObjectRecord } from '../storage/record.ts'
import { resourceReply } from './object-routes.ts'
import { putShared } from './put-shared.ts'

/** The service's limit for one compose. */
const MAX_COMPOSE_SOURCES = 32

/** `POST /b/{bucket}/o/{object}/compose`: objects of one bucket put together, in order, without copying a byte. */
export function composeRoutes(store: ObjectStore): Route[] {
  return [
    route('POST', '/b/:bucket/o/:object/compose', async (call, params) =>
      resourceReply(await composeObject(store, call, params), call),
    ),
  ]
}

async function composeObject(
  store: ObjectStore,
  call: Call,
  params: { bucket: string; object: string },
): Promise<ObjectRecord> {
  const body = await readJsonBody(call)
  assertObjectName(params.object)
  const sources = parseComposeSources(body).map((source) => findComposeSource(store, params.bucket, source))
  const destination = isJsonObject(body.destination) ? body.destination : {}
  const [first] = sources
  const editable = parseEditableMetadata(destination)
  if (editable.contentType === undefined && first?.editable.contentType !== undefined) {
    editable.contentType = first.editable.contentType
  }
  const bucket = store.bucket(params.bucket)
  return putShared(store, call, sources, {
    content: compositeContent(sources.map(({ content }) => content)),
    bucket: params.bucket,
    name: params.object,
    editable,
    storageClass: String(destination.storageClass ?? bucket.settings.storageClass),
    acl: initialAcl(bucket, call.query.get('destinationPredefinedAcl'), parseAclList(destination.acl)),
  })
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
    if (!isJsonObject(source) || typeof source.name !== 'string') throw invalid('A source component has no name.')
    const conditions = isJsonObject(source.objectPreconditions) ? source.objectPreconditions : {}
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

function compositeContent(parts: readonly Content[]): Omit<Content, 'segments'> {
  const sizeBytes = parts.reduce((sum, part) => sum + part.sizeBytes, 0)
  const crc = parts.reduce((sum, part) => combineCrc32c(sum, decodeCrc32c(part.checksums.crc32c), part.sizeBytes), 0)
  return {
    sizeBytes,
    checksums: { crc32c: encodeCrc32c(crc), md5Hash: null },
    componentCount: parts.reduce((sum, part) => sum + (part.componentCount ?? 1), 0),
  }
}

function versionField(value: unknown): number | null {
  return value === undefined || value === null ? null : parseVersion(String(value))
}
