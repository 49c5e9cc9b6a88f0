import { ApiFailure, invalid } from '../http/failure.ts'
import type { AclEntry, BucketRecord, ObjectRecord } from '../storage/record.ts'

export interface AclResource extends AclEntry {
  kind: 'storage#objectAccessControl'
  id: string
  object: string
  bucket: string
  generation: string
  etag: string
}

const OWNER: AclEntry = { entity: 'user-owner', role: 'OWNER' }
const PROJECT_OWNERS: AclEntry = { entity: 'project-owners-0', role: 'OWNER' }
const PROJECT_EDITORS: AclEntry = { entity: 'project-editors-0', role: 'OWNER' }
const PROJECT_VIEWERS: AclEntry = { entity: 'project-viewers-0', role: 'READER' }

const PREDEFINED: Readonly<Record<string, readonly AclEntry[]>> = {
  private: [OWNER],
  projectPrivate: [PROJECT_OWNERS, PROJECT_EDITORS, PROJECT_VIEWERS, OWNER],
  publicRead: [OWNER, { entity: 'allUsers', role: 'READER' }],
  authenticatedRead: [OWNER, { entity: 'allAuthenticatedUsers', role: 'READER' }],
  bucketOwnerRead: [OWNER, { ...PROJECT_OWNERS, role: 'READER' }],
  bucketOwnerFullControl: [OWNER, PROJECT_OWNERS],
}

/** The entries that a name such as `publicRead` stands for; throws 400 for an unknown one. */
export function predefinedAcl(name: string): AclEntry[] {
  const entries = PREDEFINED[name]
  if (entries === undefined) throw invalid(`Invalid argument: predefinedAcl '${name}'.`)
  return entries.map((entry) => ({ ...entry }))
}

export function hasUniformAccess(bucket: BucketRecord): boolean {
  return readNested(bucket.settings, 'iamConfiguration', 'uniformBucketLevelAccess', 'enabled') === true
}

function preventsPublicAccess(bucket: BucketRecord): boolean {
  return readNested(bucket.settings, 'iamConfiguration', 'publicAccessPrevention') === 'enforced'
}

/** The access list of a new object; throws 400 on a bucket with uniform access, 412 where public access is prevented. */
export function initialAcl(bucket: BucketRecord, predefined: string | null, listed: AclEntry[] | null): AclEntry[] {
  if (predefined === null && listed === null) return hasUniformAccess(bucket) ? [] : bucket.defaultObjectAcl
  if (hasUniformAccess(bucket)) throw legacyAclRefused('insert')
  const entries = predefined === null ? (listed ?? []) : predefinedAcl(predefined)
  assertMayBePublic(bucket, entries)
  return entries
}

export function assertMayBePublic(bucket: BucketRecord, entries: readonly AclEntry[]): void {
  if (!preventsPublicAccess(bucket) || !entries.some(({ entity }) => isPublicEntity(entity))) return
  throw new ApiFailure({
    status: 412,
    reason: 'conditionNotMet',
    message:
      'The member bindings allUsers and allAuthenticatedUsers are not allowed since public access prevention is enforced.',
  })
}

export function assertLegacyAcl(bucket: BucketRecord, verb: 'insert' | 'get' | 'delete' | 'update'): void {
  if (hasUniformAccess(bucket)) throw legacyAclRefused(verb)
}

function legacyAclRefused(verb: string): ApiFailure {
  return invalid(
    `Cannot ${verb} legacy ACL for an object when uniform bucket-level access is enabled. Read more at https://cloud.google.com/storage/docs/uniform-bucket-level-access`,
  )
}

/** Whether anybody may read the object: by its own list, or by the bucket's policy. */
export function isPublic(bucket: BucketRecord, record: ObjectRecord): boolean {
  if (preventsPublicAccess(bucket)) return false
  if (!hasUniformAccess(bucket) && record.acl.some(({ entity }) => entity === 'allUsers')) return true
  const readers = ['roles/storage.objectViewer', 'roles/storage.legacyObjectReader', 'roles/storage.objectAdmin']
  return bucket.iamPolicy.bindings.some(({ role, members }) => readers.includes(role) && members.includes('allUsers'))
}

export function aclResource(entry: AclEntry, record: ObjectRecord): AclResource {
  const { bucket, name, generation } = record
  return {
    kind: 'storage#objectAccessControl',
    id: `${bucket}/${name}/${generation}/${entry.entity}`,
    object: name,
    bucket,
    generation: String(generation),
    etag: Buffer.from(`${generation}/${record.metageneration}`).toString('base64'),
    ...entry,
  }
}

/** A bucket's own list, or the one that its new objects get. */
export type BucketAclList = 'acl' | 'defaultObjectAcl'

export function bucketAclResource(entry: AclEntry, { name, metageneration }: BucketRecord, list: BucketAclList) {
  const kind = list === 'acl' ? 'storage#bucketAccessControl' : 'storage#objectAccessControl'
  const etag = Buffer.from(String(metageneration)).toString('base64')
  const id = `${name}/${entry.entity}`
  return { kind, ...(list === 'acl' ? { id, bucket: name } : {}), etag, ...entry }
}

/** Throws 404 where the list has nothing of that entity. */
export function existingEntry(entries: readonly AclEntry[], entity: string): AclEntry {
  const entry = entries.find((candidate) => candidate.entity === entity)
  if (entry !== undefined) return entry
  throw new ApiFailure({
    status: 404,
    reason: 'notFound',
    message: `The specified ACL entry '${entity}' does not exist.`,
  })
}

/** Reads one entry from a body; throws 400 for what is none. */
export function parseAclEntry(entity: unknown, role: unknown): AclEntry {
  if (typeof entity !== 'string' || entity === '') throw invalid('Required: entity')
  if (role !== 'OWNER' && role !== 'READER' && role !== 'WRITER') throw invalid(`Invalid role: ${String(role)}`)
  return { entity, role }
}

/** Reads the `acl` field of a resource: null where it is absent or null. */
export function parseAclList(value: unknown): AclEntry[] | null {
  if (value === undefined || value === null) return null
  if (!Array.isArray(value)) throw invalid('Invalid value for: acl')
  return value.map((entry: { entity?: unknown; role?: unknown }) => parseAclEntry(entry?.entity, entry?.role))
}

export function withAclEntry(entries: readonly AclEntry[], entry: AclEntry): AclEntry[] {
  return [...entries.filter(({ entity }) => entity !== entry.entity), entry]
}

function isPublicEntity(entity: string): boolean {
  return entity === 'allUsers' || entity === 'allAuthenticatedUsers'
}

function readNested(value: unknown, ...path: string[]): unknown {
  return path.reduce<unknown>(
    (inner, key) => (typeof inner === 'object' && inner !== null ? (inner as Record<string, unknown>)[key] : undefined),
    value,
  )
}
