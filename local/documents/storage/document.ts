import type { Micros } from '#local/documents/clock.ts'
import { fromWireFields, toWireFields } from '#local/documents/values/codec.ts'
import type { Fields } from '#local/documents/values/value.ts'
import type { WireDocument, WireTimestamp } from '#local/documents/wire/messages.ts'
import { DocumentType } from '#local/documents/wire/schema.ts'
import { fromWireTimestamp, toWireTimestamp } from '#local/documents/wire/timestamp.ts'

/** One version of a document. `bytes` is the same as an encoded google.firestore.v1.Document. */
export interface StoredDocument {
  name: string
  fields: Fields
  createTime: Micros
  updateTime: Micros
  bytes: Uint8Array
}

/** One document's change in a commit: created when `before` is null, deleted when `after` is. */
export interface StoredChange {
  name: string
  before: StoredDocument | null
  after: StoredDocument | null
}

export function encodeDocument(document: Omit<StoredDocument, 'bytes'>): Uint8Array {
  return DocumentType.encode({
    name: document.name,
    fields: toWireFields(document.fields),
    createTime: toWireTimestamp(document.createTime),
    updateTime: toWireTimestamp(document.updateTime),
  } as object).finish()
}

export function decodeDocument(bytes: Uint8Array): StoredDocument {
  const wire = DocumentType.decode(bytes) as unknown as WireDocument & {
    createTime: WireTimestamp
    updateTime: WireTimestamp
  }
  return {
    name: wire.name,
    fields: fromWireFields(wire.fields),
    createTime: fromWireTimestamp(wire.createTime),
    updateTime: fromWireTimestamp(wire.updateTime),
    bytes,
  }
}
