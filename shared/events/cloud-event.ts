import type { DocumentValue } from './document-value.ts'

/** What every CloudEvent says about itself. */
export interface EventAttributes {
  /** Unique per source; a redelivery keeps it, but two triggers on one change differ. */
  id: string
  source: string
  type: string
  subject: string | null
  /** When it happened, as it was sent (RFC 3339); null where the sender did not say. */
  time: string | null
}

/** An object was created, overwritten, copied, rewritten or composed. */
export interface ObjectFinalizedEvent extends EventAttributes {
  kind: 'object-finalized'
  bucket: string
  /** The object's whole name, slashes included. */
  name: string
  /** Decimal; with bucket and name the natural key of this version of the object. */
  generation: string
  /** Null only in a raw notification without payload. */
  metageneration: string | null
  sizeBytes: number | null
  contentType: string | null
  /** Base64 of 16 bytes; null for composed objects. */
  md5Hash: string | null
  /** Base64 of four bytes, big-endian. */
  crc32c: string | null
  timeCreated: Date | null
  /** The object's custom metadata; empty where there is none. */
  metadata: Record<string, string>
}

/** A document on one side of a change. */
export interface DecodedDocument {
  /** `projects/P/databases/D/documents/…` */
  name: string
  fields: Record<string, DocumentValue>
  /** RFC 3339 with its full precision (see `compareTimestamps`): with the name the natural key of this version. */
  createTime: string | null
  updateTime: string | null
}

/** A document was created, updated or deleted. */
export interface DocumentWrittenEvent extends EventAttributes {
  kind: 'document-written'
  /** `none`: neither side exists; Google's emulator says so for deleting a document that was not there. */
  change: 'created' | 'updated' | 'deleted' | 'none'
  project: string
  database: string
  /** The path below `/documents/`: `ai_models/abc`. */
  document: string
  before: DecodedDocument | null
  after: DecodedDocument | null
  /** The fields that an update changed; empty is no proof that none did (the emulator never fills it). */
  updateMask: string[]
  /** The `updateTime` of `after`; null on delete. */
  updateTime: string | null
  /** Who wrote; only events of a type that ends in `.withAuthContext` carry it. */
  auth: { type: string; id: string | null } | null
}

/** A sound CloudEvent of a type that nobody here handles: acknowledged and left alone. */
export interface UnknownEvent extends EventAttributes {
  kind: 'unknown'
}

export type CloudEvent = ObjectFinalizedEvent | DocumentWrittenEvent | UnknownEvent
