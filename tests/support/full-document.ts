import { type DocumentData, type DocumentReference, Timestamp } from '@google-cloud/firestore'

/** What Firestore lets a document have, counted by its storage size rules. */
const MAX_DOCUMENT_BYTES = 1_048_576

/** The fields with one more, `padding`, so long that the document has so many bytes left. */
export function fullDocument(
  ref: DocumentReference,
  fields: DocumentData,
  freeBytes: number,
  padding = 'padding',
): DocumentData {
  const { [padding]: _, ...others } = fields
  const empty = nameBytes(ref.path) + 32 + valueBytes({ ...others, [padding]: '' })
  return { ...others, [padding]: 'x'.repeat(MAX_DOCUMENT_BYTES - empty - freeBytes) }
}

function nameBytes(path: string): number {
  return path.split('/').reduce((sum, id) => sum + textBytes(id), 16)
}

function textBytes(text: string): number {
  return Buffer.byteLength(text) + 1
}

function valueBytes(value: unknown): number {
  if (typeof value === 'string') return textBytes(value)
  if (typeof value === 'boolean' || value === null) return 1
  if (typeof value === 'number' || value instanceof Timestamp) return 8
  if (Array.isArray(value)) return value.reduce((sum: number, item) => sum + valueBytes(item), 0)
  return Object.entries(value as object).reduce((sum, [name, item]) => sum + textBytes(name) + valueBytes(item), 0)
}
