import { type Call, type JsonObject, readJsonBody } from '../http/call.ts'
import { json, type Reply } from '../http/reply.ts'
import { type Route, route } from '../http/router.ts'
import { initialAcl, parseAclList } from '../metadata/acl.ts'
import { hasEditableMetadata, parseEditableMetadata } from '../metadata/editable-metadata.ts'
import { applyFieldMask } from '../metadata/field-mask.ts'
import { assertObjectName } from '../metadata/object-name.ts'
import { objectResource } from '../metadata/resource.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import { checkPreconditions, parsePreconditions, parseVersion } from '../storage/preconditions.ts'
import type { ObjectRecord } from '../storage/record.ts'
import { projectionOf, resourceReply } from './object-routes.ts'
import { putShared } from './put-shared.ts'

/** Copy, rewrite and move. No byte is copied: the new object shares the old one's content files. */
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
  checkPreconditions(parsePreconditions(call.query, 'Source'), source, 'write')
  return putShared(store, call, [source], {
    bucket: params.toBucket,
    name: params.toObject,
    content: source.content,
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

/** A rewrite here is always done in one call; the reply says so. */
function rewriteReply(record: ObjectRecord, call: Call): Reply {
  const size = String(record.content.sizeBytes)
  const resource = objectResource(record, call.baseUrl, projectionOf(call))
  const rewritten = {
    kind: 'storage#rewriteResponse',
    totalBytesRewritten: size,
    objectSize: size,
    done: true,
    resource,
  }
  return json(applyFieldMask(rewritten, call.query.get('fields')))
}
