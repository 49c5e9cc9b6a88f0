import { encodeDocument, type StoredDocument } from '#local/documents/storage/document.ts'
import { fromWireValue } from '#local/documents/values/codec.ts'
import { type FieldPath, getField, parseFieldPath, withField } from '#local/documents/values/field-path.ts'
import { double, type Value, vectorOf } from '#local/documents/values/value.ts'
import type { WireFindNearest } from '#local/documents/wire/messages.ts'
import { invalidArgument } from '#local/documents/wire/status.ts'
import type { Nearest } from './query.ts'

const MEASURES = [null, 'euclidean', 'cosine', 'dot-product'] as const
const MAX_RESULTS = 1000

/** @throws StatusError INVALID_ARGUMENT for a query vector, measure or limit that cannot be. */
export function parseNearest(wire: WireFindNearest): Nearest {
  const vector = numbersOf(fromWireValue(wire.queryVector))
  if (vector === null) throw invalidArgument('The query vector must be a vector.')
  const measure = MEASURES[wire.distanceMeasure] ?? null
  if (measure === null) throw invalidArgument('A distance measure is needed.')
  const limit = wire.limit?.value ?? 0
  if (limit < 1 || limit > MAX_RESULTS) throw invalidArgument(`The limit must be from 1 to ${MAX_RESULTS}.`)
  return {
    field: parseFieldPath(wire.vectorField.fieldPath),
    vector,
    measure,
    limit,
    resultField: wire.distanceResultField === '' ? null : parseFieldPath(wire.distanceResultField),
    threshold: wire.distanceThreshold?.value ?? null,
  }
}

function numbersOf(value: Value | undefined): number[] | null {
  const elements = value === undefined ? null : vectorOf(value)
  if (elements === null) return null
  return elements.map((element) => (element.type === 'double' ? element.value : Number.NaN))
}

/** The documents whose vector lies nearest; those without one of the same length are left out. */
export function nearestDocuments(nearest: Nearest, documents: readonly StoredDocument[]): StoredDocument[] {
  const { measure, threshold, resultField } = nearest
  const greaterIsNearer = measure === 'dot-product'
  const measured: { document: StoredDocument; distance: number }[] = []
  for (const document of documents) {
    const vector = numbersOf(getField(document.fields, nearest.field))
    if (vector?.length !== nearest.vector.length) continue
    const distance = distanceOf(measure, nearest.vector, vector)
    const isNear = threshold === null || (greaterIsNearer ? distance >= threshold : distance <= threshold)
    if (isNear) measured.push({ document, distance })
  }
  measured.sort((left, right) => (left.distance - right.distance) * (greaterIsNearer ? -1 : 1))
  return measured
    .slice(0, nearest.limit)
    .map(({ document, distance }) => (resultField === null ? document : withDistance(document, resultField, distance)))
}

function withDistance(document: StoredDocument, field: FieldPath, distance: number): StoredDocument {
  const copy = { ...document, fields: withField(document.fields, field, double(distance)) }
  return { ...copy, bytes: encodeDocument(copy) }
}

function distanceOf(measure: Nearest['measure'], left: readonly number[], right: readonly number[]): number {
  const sum = (term: (a: number, b: number) => number) =>
    left.reduce((total, value, index) => total + term(value, right[index] ?? 0), 0)
  const dot = sum((a, b) => a * b)
  if (measure === 'dot-product') return dot
  if (measure === 'euclidean') return Math.sqrt(sum((a, b) => (a - b) ** 2))
  return 1 - dot / Math.sqrt(sum((a) => a * a) * sum((_, b) => b * b))
}
