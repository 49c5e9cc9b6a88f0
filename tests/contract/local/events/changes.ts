import protobuf from 'protobufjs'
import type { ObjectChange } from '#local/bucket/server.ts'
import type { DocumentChange } from '#local/documents/server.ts'

const Document = protobuf
  .parse(`
syntax = "proto3";
message Document { string name = 1; map<string, Value> fields = 2; Timestamp create_time = 3; Timestamp update_time = 4; }
message Timestamp { int64 seconds = 1; int32 nanos = 2; }
message Value { oneof value_type { int64 integer_value = 2; string string_value = 17; } }
`)
  .root.lookupType('Document')

const COMMIT_TIME = new Date('2026-09-24T16:59:46.187Z')

/** A document as a document server encodes it. */
export function encodeDocument(path: string, fields: Record<string, string>): Uint8Array {
  return Document.encode(
    Document.fromObject({
      name: documentName(path),
      fields: Object.fromEntries(Object.entries(fields).map(([key, value]) => [key, { stringValue: value }])),
      createTime: { seconds: 1_790_000_000, nanos: 0 },
      updateTime: { seconds: 1_790_000_001, nanos: 609_403_000 },
    }),
  ).finish()
}

export function documentName(path: string, database = '(default)'): string {
  return `projects/acme/databases/${database}/documents/${path}`
}

type Fields = Record<string, string> | null

/** The change of a document's fields; null where it does not exist. */
export function documentChange(path: string, before: Fields, after: Fields, changed: string[] = []): DocumentChange {
  return {
    name: documentName(path),
    before: before === null ? null : encodeDocument(path, before),
    after: after === null ? null : encodeDocument(path, after),
    changedFieldPaths: changed,
    commitTime: COMMIT_TIME,
  }
}

/** An upload, as the bucket server announces it. */
export function objectChange(name: string, extra: Record<string, unknown> = {}): ObjectChange {
  return {
    type: 'finalized',
    bucket: 'uploads',
    object: {
      kind: 'storage#object',
      bucket: 'uploads',
      name,
      generation: '1790000000000001',
      metageneration: '1',
      size: '12',
      contentType: 'image/png',
      timeCreated: '2026-09-24T16:59:46.187Z',
      ...extra,
      // A part of the resource is enough for an event, and tests also send what the server never would.
    } as unknown as ObjectChange['object'],
  }
}
