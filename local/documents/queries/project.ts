import { encodeDocument, type StoredDocument } from '#local/documents/storage/document.ts'
import { type FieldPath, getField, withField } from '#local/documents/values/field-path.ts'
import type { Fields } from '#local/documents/values/value.ts'
import { isNameField } from './query.ts'

/** The encoded document with only the selected fields, or all of them. */
export function projectedBytes(document: StoredDocument, select: readonly FieldPath[] | null): Uint8Array {
  if (select === null) return document.bytes
  return encodeDocument({ ...document, fields: projectFields(document.fields, select) })
}

function projectFields(fields: Fields, select: readonly FieldPath[]): Fields {
  let projected: Fields = new Map()
  for (const path of select) {
    const value = isNameField(path) ? undefined : getField(fields, path)
    if (value !== undefined) projected = withField(projected, path, value)
  }
  return projected
}
