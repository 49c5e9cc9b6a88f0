import type { DocumentChange } from '../documents/server.ts'

/** Keys of DocumentEventData and DocumentMask: field number × 8 + 2, since all of them are length-delimited. */
const VALUE = 10
const OLD_VALUE = 18
const UPDATE_MASK = 26
const FIELD_PATH = 10

/** The protobuf DocumentEventData of a change. The documents are encoded already, so framing is all there is to do. */
export function encodeDocumentEvent(change: DocumentChange): Uint8Array {
  const isUpdate = change.before !== null && change.after !== null
  const paths = isUpdate ? change.changedFieldPaths : []
  const mask = Buffer.concat(paths.map((path) => field(FIELD_PATH, Buffer.from(path))))
  return Buffer.concat([
    change.after === null ? Buffer.alloc(0) : field(VALUE, change.after),
    change.before === null ? Buffer.alloc(0) : field(OLD_VALUE, change.before),
    field(UPDATE_MASK, mask),
  ])
}

function field(key: number, content: Uint8Array): Uint8Array {
  return Buffer.concat([Buffer.from([key, ...varint(content.length)]), content])
}

function varint(value: number): number[] {
  return value < 128 ? [value] : [(value % 128) + 128, ...varint(Math.floor(value / 128))]
}
