import { type Call, readJsonBody } from '../http/call.ts'
import { empty, json, type Reply } from '../http/reply.ts'
import { type Route, route } from '../http/router.ts'
import {
  aclResource,
  assertLegacyAcl,
  assertMayBePublic,
  existingEntry,
  parseAclEntry,
  withAclEntry,
} from '../metadata/acl.ts'
import type { ObjectStore } from '../storage/object-store.ts'
import type { AclEntry, ObjectRecord } from '../storage/record.ts'
import { addressOf } from './object-routes.ts'

interface AclParams {
  bucket: string
  object: string
}

/** `/b/{bucket}/o/{object}/acl…`: what `file.makePublic()` and `file.acl` call. */
export function aclRoutes(store: ObjectStore): Route[] {
  const upsert = async (call: Call, params: AclParams & { entity: string }): Promise<Reply> => {
    const { role } = await readJsonBody(call)
    return setEntry(store, call, params, parseAclEntry(params.entity, role))
  }
  return [
    route('GET', '/b/:bucket/o/:object/acl', (call, params) => {
      const record = readable(store, call, params)
      return json({
        kind: 'storage#objectAccessControls',
        items: record.acl.map((entry) => aclResource(entry, record)),
      })
    }),
    route('POST', '/b/:bucket/o/:object/acl', async (call, params) => {
      const { entity, role } = await readJsonBody(call)
      return setEntry(store, call, params, parseAclEntry(entity, role))
    }),
    route('GET', '/b/:bucket/o/:object/acl/:entity', (call, params) => {
      const record = readable(store, call, params)
      return json(aclResource(existingEntry(record.acl, params.entity), record))
    }),
    route('PUT', '/b/:bucket/o/:object/acl/:entity', upsert),
    route('PATCH', '/b/:bucket/o/:object/acl/:entity', upsert),
    route('DELETE', '/b/:bucket/o/:object/acl/:entity', async (call, params) => {
      assertLegacyAcl(store.bucket(params.bucket), 'delete')
      await store.change(addressOf(call, params), (record) => {
        const removed = existingEntry(record.acl, params.entity)
        return { ...record, acl: record.acl.filter((entry) => entry !== removed) }
      })
      return empty(204)
    }),
  ]
}

function readable(store: ObjectStore, call: Call, params: AclParams): ObjectRecord {
  assertLegacyAcl(store.bucket(params.bucket), 'get')
  return store.find(addressOf(call, params))
}

async function setEntry(store: ObjectStore, call: Call, params: AclParams, entry: AclEntry): Promise<Reply> {
  const bucket = store.bucket(params.bucket)
  assertLegacyAcl(bucket, 'insert')
  assertMayBePublic(bucket, [entry])
  const record = await store.change(addressOf(call, params), (current) => ({
    ...current,
    acl: withAclEntry(current.acl, entry),
  }))
  return json(aclResource(entry, record))
}
