import { crc32 } from 'node:zlib'
import protobuf from 'protobufjs'
import type { Micros } from '#local/documents/clock.ts'

/** What one commit did, as the log keeps it: full after-images, so that replaying a record twice changes nothing. */
export interface CommitRecord {
  commitTime: Micros
  /** `document` is an encoded Document, null for a deletion. */
  changes: { name: string; document: Uint8Array | null }[]
}

const HEADER_BYTES = 8
/** A length above this is no length but damage; a commit's request is at most a few MiB. */
const MAX_PAYLOAD_BYTES = 256 * 1024 * 1024

const RecordType = protobuf.Root.fromJSON({
  nested: {
    Change: { fields: { name: { type: 'string', id: 1 }, document: { type: 'bytes', id: 2 } } },
    // A double holds microseconds exactly and needs no 64-bit integer library.
    Record: {
      fields: { commitTime: { type: 'double', id: 1 }, changes: { rule: 'repeated', type: 'Change', id: 2 } },
    },
  },
}).lookupType('Record')

/** The record with its frame: length, CRC-32 of the payload, payload. */
export function encodeRecord(record: CommitRecord): Buffer {
  const changes = record.changes.map(({ name, document }) => (document === null ? { name } : { name, document }))
  const payload = RecordType.encode({ commitTime: record.commitTime, changes } as object).finish()
  const framed = Buffer.allocUnsafe(HEADER_BYTES + payload.length)
  framed.writeUInt32LE(payload.length, 0)
  framed.writeUInt32LE(crc32(payload), 4)
  framed.set(payload, HEADER_BYTES)
  return framed
}

/** Reads the record at `offset`; null where the bytes from there on are not a whole, undamaged record. */
export function decodeRecord(bytes: Buffer, offset: number): { record: CommitRecord; next: number } | null {
  if (offset + HEADER_BYTES > bytes.length) return null
  const length = bytes.readUInt32LE(offset)
  const start = offset + HEADER_BYTES
  if (length > MAX_PAYLOAD_BYTES || start + length > bytes.length) return null
  const payload = bytes.subarray(start, start + length)
  if (crc32(payload) !== bytes.readUInt32LE(offset + 4)) return null
  const message = RecordType.decode(payload) as unknown as {
    commitTime: number
    changes: { name: string; document: Uint8Array }[]
  }
  const changes = message.changes.map(({ name, document }) => ({
    name,
    document: document.length === 0 ? null : Uint8Array.from(document),
  }))
  return { record: { commitTime: message.commitTime, changes }, next: start + length }
}
