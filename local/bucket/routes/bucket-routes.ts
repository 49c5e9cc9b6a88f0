import { type Call, isJsonObject, type JsonObject, readJsonBody } from '../http/call.ts'
import { invalid, notSupported, preconditionFailed } from '../http/failure.ts'
import { empty, json, type Reply } from '../http/reply.ts'
import { type Route, route } from '../http/router.ts'
import { pageToken, parsePage } from '../listing/listing.ts'
import { predefinedAcl } from '../metadata/acl.ts'
import { applyFieldMask } from '../metadata/field-mask.ts'
import { assertBucketName } from '../metadata/object-name.ts'
import { bucketResource } from '../metadata/resource.ts'
import { checkBucketConditions, type ObjectStore } from '../storage/object-store.ts'
import { parsePreconditions } from '../storage/preconditions.ts'
import type { BucketRecord, IamPolicy } from '../storage/record.ts'
import { changedBucketLists } from './bucket-acl-routes.ts'
import { projectionOf } from './object-routes.ts'

/** Fields that are no settings: most the server itself writes, and clients send whole resources back; the lists are kept apart. */
const NO_SETTINGS = new Set([
  ...['kind', 'id', 'name', 'selfLink', 'projectNumber', 'metageneration', 'etag', 'timeCreated', 'updated'],
  ...['acl', 'defaultObjectAcl', 'owner', 'generation'],
])

/** `/b…`: buckets, their settings and policies. */
export function bucketRoutes(store: ObjectStore, now: () => Date): Route[] {
  return [
    route('GET', '/b', (call) => listBuckets(store, call)),
    route('POST', '/b', async (call) => {
      const body = await readJsonBody(call)
      const record = changedBucketLists(call, body, newBucketRecord(body, call.query.get('project') ?? '', now()))
      await store.createBucket(record)
      return bucketReply(record, call)
    }),
    route('GET', '/b/:bucket', (call, { bucket }) => {
      const record = store.bucket(bucket)
      checkBucketConditions(parsePreconditions(call.query), record, 'read')
      return bucketReply(record, call)
    }),
    route('PATCH', '/b/:bucket', (call, { bucket }) => changeBucket(store, call, bucket, mergeSettings)),
    route('PUT', '/b/:bucket', (call, { bucket }) =>
      changeBucket(store, call, bucket, (_current, body) => mergeSettings(DEFAULT_SETTINGS, body)),
    ),
    route('DELETE', '/b/:bucket', async (call, { bucket }) => {
      await store.deleteBucket(bucket, parsePreconditions(call.query))
      return empty(204)
    }),
    route('GET', '/b/:bucket/storageLayout', (_call, { bucket }) => layoutReply(store.bucket(bucket))),
    // None can be made; gcloud looks for them before it removes a bucket with all that is in it.
    route('GET', '/b/:bucket/managedFolders', (_call, { bucket }) => {
      store.bucket(bucket)
      return json({ kind: 'storage#managedFolders' })
    }),
    route('GET', '/b/:bucket/iam', (_call, { bucket }) => policyReply(store.bucket(bucket))),
    route('PUT', '/b/:bucket/iam', (call, { bucket }) => setPolicy(store, call, bucket)),
    route('GET', '/b/:bucket/iam/testPermissions', (call, { bucket }) => {
      store.bucket(bucket)
      return json({ kind: 'storage#testIamPermissionsResponse', permissions: call.query.getAll('permissions') })
    }),
  ]
}

const DEFAULT_SETTINGS: JsonObject = {
  location: 'US',
  locationType: 'multi-region',
  storageClass: 'STANDARD',
  iamConfiguration: { uniformBucketLevelAccess: { enabled: false }, publicAccessPrevention: 'inherited' },
}

/** The record of a bucket to be; throws 400 for a bad name and 501 for settings that nothing here would act on. */
export function newBucketRecord(body: JsonObject, projectId: string, now: Date): BucketRecord {
  const { name } = body
  assertBucketName(name)
  return {
    name,
    projectId,
    metageneration: 1,
    timeCreated: now.toISOString(),
    updated: now.toISOString(),
    settings: mergeSettings(DEFAULT_SETTINGS, body),
    iamPolicy: { bindings: [], etag: 'CAE=', version: 1 },
    acl: predefinedAcl('projectPrivate'),
    defaultObjectAcl: predefinedAcl('projectPrivate'),
  }
}

function listBuckets(store: ObjectStore, call: Call): Reply {
  const { query } = call
  const prefix = query.get('prefix') ?? ''
  const project = query.get('project')
  const { maxResults, after } = parsePage(query)
  const rest = store
    .buckets()
    .filter(({ name, projectId }) => name.startsWith(prefix) && (!project || !projectId || projectId === project))
    .filter(({ name }) => name > after)
  const shown = rest.slice(0, maxResults)
  const last = rest.length > shown.length ? shown.at(-1) : undefined
  const items = shown.map((record) => bucketResource(record, call.baseUrl, projectionOf(call)))
  const listing = {
    kind: 'storage#buckets',
    ...(last === undefined ? {} : { nextPageToken: pageToken(last.name) }),
    ...(items.length === 0 ? {} : { items }),
  }
  return json(applyFieldMask(listing, query.get('fields')))
}

async function changeBucket(
  store: ObjectStore,
  call: Call,
  bucket: string,
  merge: (current: JsonObject, body: JsonObject) => JsonObject,
): Promise<Reply> {
  const body = await readJsonBody(call)
  const record = await store.changeBucket(bucket, parsePreconditions(call.query), (current) =>
    changedBucketLists(call, body, { ...current, settings: merge(current.settings, body) }),
  )
  return bucketReply(record, call)
}

/** Merges a patch into the settings: null deletes, objects are merged, all else is replaced (RFC 7396). */
function mergeSettings(current: JsonObject, body: JsonObject): JsonObject {
  const settings = Object.fromEntries(Object.entries(body).filter(([field]) => !NO_SETTINGS.has(field)))
  const merged = mergePatch(current, settings)
  const { versioning, retentionPolicy, defaultEventBasedHold } = merged
  if (isJsonObject(versioning) && versioning.enabled === true) throw notSupported('object versioning')
  if (isJsonObject(retentionPolicy)) throw notSupported('retention policies')
  if (defaultEventBasedHold === true) throw notSupported('holds')
  return merged
}

function mergePatch(current: JsonObject, patch: JsonObject): JsonObject {
  const merged = { ...current }
  for (const [key, value] of Object.entries(patch)) {
    const before = merged[key]
    if (value === null) delete merged[key]
    else if (isJsonObject(value)) merged[key] = mergePatch(isJsonObject(before) ? before : {}, value)
    else merged[key] = value
  }
  return merged
}

async function setPolicy(store: ObjectStore, call: Call, bucket: string): Promise<Reply> {
  const body = await readJsonBody(call)
  if (!Array.isArray(body.bindings)) throw invalid('Invalid value for: bindings')
  const bindings = body.bindings.map((binding: unknown) => {
    if (!isJsonObject(binding) || typeof binding.role !== 'string' || !Array.isArray(binding.members)) {
      throw invalid('Invalid value for: bindings')
    }
    return { role: binding.role, members: binding.members.map(String) }
  })
  const record = await store.changeBucket(bucket, {}, (current) => {
    // Who read an older policy would undo what another has changed since.
    if (typeof body.etag === 'string' && body.etag !== current.iamPolicy.etag) throw preconditionFailed()
    return { ...current, iamPolicy: nextPolicy(current, bindings) }
  })
  return policyReply(record)
}

function nextPolicy(current: BucketRecord, bindings: IamPolicy['bindings']): IamPolicy {
  return { bindings, version: 1, etag: Buffer.from(String(current.metageneration + 1)).toString('base64') }
}

function policyReply({ name, iamPolicy }: BucketRecord): Reply {
  return json({ kind: 'storage#policy', resourceId: `projects/_/buckets/${name}`, ...iamPolicy })
}

/** What gcloud asks before it moves or removes: whether folders are things of their own here. */
function layoutReply({ name, settings }: BucketRecord): Reply {
  const { location, locationType } = settings
  const hierarchicalNamespace = { enabled: false }
  return json({ kind: 'storage#storageLayout', bucket: name, location, locationType, hierarchicalNamespace })
}

function bucketReply(record: BucketRecord, call: Call): Reply {
  return json(applyFieldMask(bucketResource(record, call.baseUrl, projectionOf(call)), call.query.get('fields')))
}
