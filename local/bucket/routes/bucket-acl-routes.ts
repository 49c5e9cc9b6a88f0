import { type Call, type JsonObject, readJsonBody } from '../http/call.ts'
import { empty, json, type Reply } from '../http/reply.ts'
import { type Route, route } from '../http/router.ts'
import {
  assertLegacyAcl,
  assertMayBePublic,
  type BucketAclList,
  bucketAclResource,
  existingEntry,
  hasUniformAccess,
  parseAclEntry,
  parseAclList,
  predefinedAcl,
  withAclEntry,
} from '../metadata/acl.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import type { AclEntry, BucketRecord } from '../storage/record.ts'

/** A bucket's own list, and the one that its new objects get: both are asked for in the same way. */
const LISTS = ['acl', 'defaultObjectAcl'] as const

/** `/b/{bucket}/acl…` and `/b/{bucket}/defaultObjectAcl…`: what `bucket.acl`, `bucket.acl.default` and `makePublic` call. */
export function bucketAclRoutes(store: ObjectStore): Route[] {
  return LISTS.flatMap((list) => routesOf(store, list))
}

function routesOf(store: ObjectStore, list: BucketAclList): Route[] {
  const upsert = async (call: Call, { bucket, entity }: { bucket: string; entity: string }): Promise<Reply> => {
    const { role } = await readJsonBody(call)
    return setEntry(store, bucket, list, parseAclEntry(entity, role))
  }
  return [
    route('GET', `/b/:bucket/${list}`, (_call, { bucket }) => {
      const record = readable(store, bucket)
      const items = record[list].map((entry) => bucketAclResource(entry, record, list))
      return json({ kind: list === 'acl' ? 'storage#bucketAccessControls' : 'storage#objectAccessControls', items })
    }),
    route('POST', `/b/:bucket/${list}`, async (call, { bucket }) => {
      const { entity, role } = await readJsonBody(call)
      return setEntry(store, bucket, list, parseAclEntry(entity, role))
    }),
    route('GET', `/b/:bucket/${list}/:entity`, (_call, { bucket, entity }) => {
      const record = readable(store, bucket)
      return json(bucketAclResource(existingEntry(record[list], entity), record, list))
    }),
    route('PUT', `/b/:bucket/${list}/:entity`, upsert),
    route('PATCH', `/b/:bucket/${list}/:entity`, upsert),
    route('DELETE', `/b/:bucket/${list}/:entity`, async (_call, { bucket, entity }) => {
      assertLegacyAcl(store.bucket(bucket), 'delete')
      await store.changeBucket(bucket, {}, (record) => {
        const removed = existingEntry(record[list], entity)
        return { ...record, [list]: record[list].filter((entry) => entry !== removed) }
      })
      return empty(204)
    }),
  ]
}

/** The lists of a bucket after a call that says what they shall be, by a name or one by one. Throws as those of an object. */
export function changedBucketLists(call: Call, body: JsonObject, record: BucketRecord): BucketRecord {
  const named = {
    acl: call.query.get('predefinedAcl'),
    defaultObjectAcl: call.query.get('predefinedDefaultObjectAcl'),
  }
  let changed = record
  for (const list of LISTS) {
    const name = named[list]
    const entries = name === null ? parseAclList(body[list]) : predefinedAcl(name)
    // Some clients send empty lists to a bucket of uniform access, which has none.
    const isSame = entries === null || (entries.length === 0 && hasUniformAccess(record))
    if (!isSame) changed = { ...changed, [list]: checkedEntries(record, entries) }
  }
  return changed
}

function checkedEntries(bucket: BucketRecord, entries: AclEntry[]): AclEntry[] {
  assertLegacyAcl(bucket, 'update')
  assertMayBePublic(bucket, entries)
  return entries
}

function readable(store: ObjectStore, bucket: string): BucketRecord {
  const record = store.bucket(bucket)
  assertLegacyAcl(record, 'get')
  return record
}

async function setEntry(store: ObjectStore, bucket: string, list: BucketAclList, entry: AclEntry): Promise<Reply> {
  checkedEntries(store.bucket(bucket), [entry])
  const record = await store.changeBucket(bucket, {}, (current) => ({
    ...current,
    [list]: withAclEntry(current[list], entry),
  }))
  return json(bucketAclResource(entry, record, list))
}
