import type { BucketRecord, EditableMetadata, ObjectRecord } from '../storage/record.ts'
import { type AclResource, aclResource, bucketAclResource, hasUniformAccess } from './acl.ts'

/**
 * The JSON API's object resource; 64-bit numbers are strings, absent means absent. A type and no interface, so that it
 * passes as the plain record that event delivery takes.
 */
export type ObjectResource = EditableMetadata & {
  kind: 'storage#object'
  id: string
  selfLink: string
  mediaLink: string
  name: string
  bucket: string
  generation: string
  metageneration: string
  storageClass: string
  size: string
  md5Hash?: string
  crc32c: string
  componentCount?: number
  etag: string
  timeCreated: string
  updated: string
  timeStorageClassUpdated: string
  timeFinalized: string
  acl?: AclResource[]
  owner?: { entity: string }
}

/** `noAcl` leaves access control out, as reads do by default. */
export type Projection = 'full' | 'noAcl'

export function objectResource(
  record: ObjectRecord,
  baseUrl: string,
  projection: Projection = 'noAcl',
): ObjectResource {
  const { bucket, name, generation, metageneration, content } = record
  const path = `storage/v1/b/${bucket}/o/${encodeURIComponent(name)}`
  return {
    kind: 'storage#object',
    id: `${bucket}/${name}/${generation}`,
    selfLink: `${baseUrl}/${path}`,
    mediaLink: `${baseUrl}/download/${path}?generation=${generation}&alt=media`,
    name,
    bucket,
    generation: String(generation),
    metageneration: String(metageneration),
    ...record.editable,
    storageClass: record.storageClass,
    size: String(content.sizeBytes),
    ...(content.checksums.md5Hash === null ? {} : { md5Hash: content.checksums.md5Hash }),
    crc32c: content.checksums.crc32c,
    ...(content.componentCount === null ? {} : { componentCount: content.componentCount }),
    etag: versionEtag(generation, metageneration),
    timeCreated: record.timeCreated,
    updated: record.updated,
    timeStorageClassUpdated: record.timeCreated,
    timeFinalized: record.timeCreated,
    ...(projection === 'full'
      ? { acl: record.acl.map((entry) => aclResource(entry, record)), owner: { entity: 'user-owner' } }
      : {}),
  }
}

export interface BucketResource {
  kind: 'storage#bucket'
  id: string
  name: string
  selfLink: string
  [setting: string]: unknown
}

export function bucketResource(
  record: BucketRecord,
  baseUrl: string,
  projection: Projection = 'noAcl',
): BucketResource {
  return {
    kind: 'storage#bucket',
    id: record.name,
    name: record.name,
    selfLink: `${baseUrl}/storage/v1/b/${record.name}`,
    projectNumber: '0',
    metageneration: String(record.metageneration),
    etag: versionEtag(0, record.metageneration),
    timeCreated: record.timeCreated,
    updated: record.updated,
    ...record.settings,
    ...(projection === 'full' ? accessOf(record) : {}),
  }
}

/** With uniform access there are no lists to be shown. */
function accessOf(record: BucketRecord) {
  if (hasUniformAccess(record)) return {}
  return {
    acl: record.acl.map((entry) => bucketAclResource(entry, record, 'acl')),
    defaultObjectAcl: record.defaultObjectAcl.map((entry) => bucketAclResource(entry, record, 'defaultObjectAcl')),
  }
}

/** The service's etag: a two-field protobuf message (generation, metageneration) in base64. */
export function versionEtag(generation: number, metageneration: number): string {
  return Buffer.from([0x08, ...varint(generation), 0x10, ...varint(metageneration)]).toString('base64')
}

function varint(value: number): number[] {
  const bytes: number[] = []
  let rest = value
  while (rest >= 0x80) {
    bytes.push((rest % 0x80) | 0x80)
    rest = Math.floor(rest / 0x80)
  }
  return [...bytes, rest]
}
