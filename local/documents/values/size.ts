import type { Fields, Value } from './value.ts'

/** A document may have this many bytes, counted by the rules below. */
export const MAX_DOCUMENT_BYTES = 1_048_576

/** Bytes of a document by Firestore's storage size rules: name, fields, and 32 for the document itself. */
export function documentSize(name: string, fields: Fields): number {
  return nameSize(name) + fieldsSize(fields) + 32
}

function textSize(text: string): number {
  return Buffer.byteLength(text) + 1
}

/** Each id of the path as a string, plus 16; the database's prefix does not count. */
function nameSize(name: string): number {
  return name
    .split('/')
    .slice(5)
    .reduce((size, id) => size + textSize(id), 16)
}

function fieldsSize(fields: Fields): number {
  let size = 0
  for (const [name, value] of fields) size += textSize(name) + valueSize(value)
  return size
}

/** Bytes of one value by the same rules. */
export function valueSize(value: Value): number {
  switch (value.type) {
    case 'null':
    case 'boolean':
      return 1
    case 'integer':
    case 'double':
    case 'timestamp':
      return 8
    case 'geoPoint':
      return 16
    case 'string':
      return textSize(value.value)
    case 'bytes':
      return value.value.length
    case 'reference':
      return nameSize(value.value)
    case 'array':
      return value.values.reduce((size, item) => size + valueSize(item), 0)
    case 'map':
      return fieldsSize(value.fields)
  }
}
