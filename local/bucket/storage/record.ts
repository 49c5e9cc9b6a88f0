/** What a caller may set on an object and change later without writing its bytes again. */
export type EditableMetadata = {
  contentType?: string
  contentEncoding?: string
  contentDisposition?: string
  contentLanguage?: string
  cacheControl?: string
  customTime?: string
  /** Custom key-value pairs; absent when there are none, as in the real resource. */
  metadata?: Record<string, string>
}

export interface AclEntry {
  entity: string
  role: 'OWNER' | 'READER' | 'WRITER'
}

/** One immutable file of content. An object has one, a composite object one for each part that it was made of. */
export interface Segment {
  id: string
  sizeBytes: number
}

/** Checksums of a whole object as the API words them: base64 of the big-endian CRC32C and of the MD5. */
export interface Checksums {
  crc32c: string
  /** Null for composite objects: the service never has their MD5. */
  md5Hash: string | null
}

/** An object's bytes on disk with what is known about them. */
export interface Content {
  segments: Segment[]
  sizeBytes: number
  checksums: Checksums
  /** How many parts a composite object was made of; null for all others. */
  componentCount: number | null
}

/** The one file that makes an object exist: renaming it into place is the commit. */
export interface ObjectRecord {
  bucket: string
  name: string
  /** Microseconds since 1970, made unique by counting up; below 2^53 until the year 2255. */
  generation: number
  metageneration: number
  timeCreated: string
  updated: string
  storageClass: string
  editable: EditableMetadata
  acl: AclEntry[]
  content: Content
  /** The resumable session that wrote this generation, so that a repeated last chunk finds its result after a restart. */
  uploadId: string | null
}

/** A bucket's stored state; `settings` are the resource's fields that callers may change, kept as they were given. */
export interface BucketRecord {
  name: string
  projectId: string
  metageneration: number
  timeCreated: string
  updated: string
  settings: Record<string, unknown>
  iamPolicy: IamPolicy
  acl: AclEntry[]
  defaultObjectAcl: AclEntry[]
}

export interface IamPolicy {
  bindings: { role: string; members: string[] }[]
  etag: string
  version: number
}
