import { type Call, type JsonObject, readJsonBody } from '../http/call.ts'
import { empty, json, type Reply } from '../http/reply.ts'
import { type Route, route } from '../http/router.ts'
import { listNames, parseListQuery } from '../listing/listing.ts'
import { assertLegacyAcl, assertMayBePublic, hasUniformAccess, parseAclList, predefinedAcl } from '../metadata/acl.ts'
import { parseEditableMetadata, patchEditableMetadata } from '../metadata/editable-metadata.ts'
import { applyFieldMask } from '../metadata/field-mask.ts'
import { objectResource, type Projection } from '../metadata/resource.ts'
import type { ObjectAddress, ObjectStore } from '../storage/object-store.ts'
import { parsePreconditions, parseVersion } from '../storage/preconditions.ts'
import type { AclEntry, EditableMetadata, ObjectRecord } from '../storage/record.ts'
import { checkEtagConditions, downloadReply } from './download.ts'

/** `/b/{bucket}/o…`: list, get, download, patch, update, delete. */
export function objectRoutes(store: ObjectStore): Route[] {
  return [
    route('GET', '/b/:bucket/o', (call, { bucket }) => listObjects(store, call, bucket)),
    route('GET', '/b/:bucket/o/:object', (call, params) => getObject(store, call, params)),
    route('GET', '/download/b/:bucket/o/:object', (call, params) => downloadObject(store, call, params), 'text'),
    route('PATCH', '/b/:bucket/o/:object', (call, params) => changeObject(store, call, params, patchEditableMetadata)),
    route('PUT', '/b/:bucket/o/:object', (call, params) =>
      changeObject(store, call, params, (_current, body) => parseEditableMetadata(body)),
    ),
    route('DELETE', '/b/:bucket/o/:object', async (call, params) => {
      await store.remove(addressOf(call, params))
      return empty(204)
    }),
  ]
}

/** The object that a call's path and query name, with its conditions. */
export function addressOf(call: Call, { bucket, object }: { bucket: string; object: string }): ObjectAddress {
  return {
    bucket,
    name: object,
    generation: parseVersion(call.query.get('generation')),
    conditions: parsePreconditions(call.query),
  }
}

export function projectionOf(call: Call): Projection {
  return call.query.get('projection') === 'full' ? 'full' : 'noAcl'
}

/** The reply that carries an object's resource, cut to the fields that were asked for. */
export function resourceReply(record: ObjectRecord, call: Call): Reply {
  const resource = objectResource(record, call.baseUrl, projectionOf(call))
  return json(applyFieldMask(resource, call.query.get('fields')), 200, { etag: resource.etag })
}

function listObjects(store: ObjectStore, call: Call, bucket: string): Reply {
  // Deleted objects are not kept, so a listing of soft-deleted ones is empty.
  const isSoftDeleted = call.query.get('softDeleted') === 'true'
  const { names, prefixes, nextPageToken } = listNames(store.names(bucket), parseListQuery(call.query))
  const items = (isSoftDeleted ? [] : names).flatMap((name) => {
    const record = store.peek(bucket, name)
    return record === null ? [] : [objectResource(record, call.baseUrl, projectionOf(call))]
  })
  const listing = {
    kind: 'storage#objects',
    ...(nextPageToken === null ? {} : { nextPageToken }),
    ...(prefixes.length === 0 ? {} : { prefixes }),
    ...(items.length === 0 ? {} : { items }),
  }
  return json(applyFieldMask(listing, call.query.get('fields')))
}

function getObject(store: ObjectStore, call: Call, params: { bucket: string; object: string }): Reply {
  if (call.query.get('alt') === 'media') return downloadObject(store, call, params)
  const record = store.find(addressOf(call, params))
  checkEtagConditions(call, record)
  return resourceReply(record, call)
}

function downloadObject(store: ObjectStore, call: Call, params: { bucket: string; object: string }): Reply {
  const record = store.find(addressOf(call, params))
  checkEtagConditions(call, record)
  return downloadReply(store.content, record, call)
}

async function changeObject(
  store: ObjectStore,
  call: Call,
  params: { bucket: string; object: string },
  edit: (current: EditableMetadata, body: JsonObject) => EditableMetadata,
): Promise<Reply> {
  const body = await readJsonBody(call)
  const address = addressOf(call, params)
  const acl = changedAcl(store, call, params.bucket, body)
  const record = await store.change(address, (current) => ({
    ...current,
    editable: edit(current.editable, body),
    acl: acl ?? current.acl,
  }))
  return resourceReply(record, call)
}

/** The access list that a change sets, or null where it leaves it; `acl: null` alone sets the bucket's default. */
function changedAcl(store: ObjectStore, call: Call, bucketName: string, body: JsonObject): AclEntry[] | null {
  const bucket = store.bucket(bucketName)
  const predefined = call.query.get('predefinedAcl')
  const listed = parseAclList(body.acl)
  if (predefined === null && listed === null) {
    return body.acl === null && !hasUniformAccess(bucket) ? bucket.defaultObjectAcl : null
  }
  assertLegacyAcl(bucket, 'update')
  const entries = predefined === null ? (listed ?? []) : predefinedAcl(predefined)
  assertMayBePublic(bucket, entries)
  return entries
}
