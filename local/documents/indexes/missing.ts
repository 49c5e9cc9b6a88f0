import { conjunctions } from '#local/documents/queries/normal-form.ts'
import { type FieldFilter, isInequality, isNameField, NAME_FIELD, type Query } from '#local/documents/queries/query.ts'
import { type FieldPath, formatFieldPath } from '#local/documents/values/field-path.ts'
import type { Index, IndexField, IndexMode } from './declared.ts'

/** What one conjunction of a query asks of an index. */
interface Need {
  /** Fields with one value: they may stand first in any order, and several indexes may share them. */
  equal: readonly IndexField[]
  /** Then these, in this order, all as they are or all reversed. The last one is the name. */
  sorted: readonly IndexField[]
}

const isSame = (left: FieldPath, right: FieldPath) =>
  left.length === right.length && left.every((step, i) => step === right[i])

/**
 * An index that the service would want for this query and that is neither automatic nor declared; null without one. The
 * service makes indexes of single fields by itself, for queries of one collection, and merges indexes for equalities.
 */
export function missingIndex(query: Query, declared: readonly Index[]): Index | null {
  const { collectionId, allDescendants } = query
  if (collectionId === null) return null
  const scope = allDescendants ? 'group' : 'collection'
  const usable = declared.filter((index) => index.collectionId === collectionId && index.scope === scope)
  for (const need of needsOf(query)) {
    const fields = usable.map((index) => index.fields)
    const isThere =
      query.nearest === null
        ? isServed(need, [...fields, ...(allDescendants ? [] : automatic(need))])
        : isServedNearest(need, query.nearest.field, fields)
    if (isThere) continue
    return { collectionId, scope, fields: wanted(need, query) }
  }
  return null
}

function needsOf(query: Query): Need[] {
  const alternatives = query.filter === null ? null : conjunctions(query.filter)
  return (alternatives ?? [[]]).map((filters) => {
    const equal = filters.filter((each) => isEquality(each)).map(asIndexField)
    const distinct = equal.filter(
      ({ path, mode }, index) => equal.findIndex((other) => other.mode === mode && isSame(other.path, path)) === index,
    )
    const sorted = query.orders
      .filter(({ field }) => !distinct.some(({ path, mode }) => mode === 'asc' && isSame(path, field)))
      .map(({ field, descending }): IndexField => ({ path: field, mode: descending ? 'desc' : 'asc' }))
    return { equal: distinct, sorted }
  })
}

function isEquality({ field, operator }: FieldFilter): boolean {
  return !isInequality(operator) && !isNameField(field)
}

function asIndexField({ field, operator }: FieldFilter): IndexField {
  return { path: field, mode: operator.startsWith('array-') ? 'contains' : 'asc' }
}

/** The indexes of single fields that the service makes and that could help here. */
function automatic({ equal, sorted }: Need): IndexField[][] {
  const [first] = sorted
  const single = first === undefined || isNameField(first.path) ? [] : [[first]]
  return [...single, ...equal.map((field) => [field])]
}

/** Whether indexes that all end in the wanted order have every equality among them. */
function isServed({ equal, sorted }: Need, indexes: readonly (readonly IndexField[])[]): boolean {
  const order = withoutName(sorted)
  // All documents by their names: the documents themselves are in that order.
  if (order.length === 0 && equal.length === 0) return true
  const left = new Set(equal)
  let isOrdered = false
  for (const index of indexes) {
    const fields = withoutName(index)
    const start = fields.length - order.length
    if (start < 0 || !isInOrder(fields.slice(start), sorted, index)) continue
    const found = fields.slice(0, start).map((field) => equal.find((one) => isSameEquality(one, field)))
    if (found.includes(undefined)) continue
    isOrdered = true
    for (const one of found) if (one !== undefined) left.delete(one)
  }
  return isOrdered && left.size === 0
}

function isSameEquality(one: IndexField, field: IndexField): boolean {
  const areBothLists = one.mode === 'contains' && field.mode === 'contains'
  const areBothValues = one.mode !== 'contains' && (field.mode === 'asc' || field.mode === 'desc')
  return isSame(one.path, field.path) && (areBothLists || areBothValues)
}

/** Whether `end`, what an index has after its equalities, is the wanted order. An index can be read from either end. */
function isInOrder(end: readonly IndexField[], sorted: readonly IndexField[], index: readonly IndexField[]): boolean {
  const order = withoutName(sorted)
  if (!end.every(({ path }, i) => isSame(path, order[i]?.path ?? []))) return false
  // The name follows in the direction of the field before it, unless the index says otherwise.
  const nameMode: IndexMode = index.at(-1)?.mode === 'desc' ? 'desc' : 'asc'
  const modes = [...end.map(({ mode }) => mode), nameMode]
  const isAsWanted = modes.map((mode, i) => mode === sorted[i]?.mode)
  return new Set(isAsWanted).size === 1
}

function isServedNearest({ equal }: Need, field: FieldPath, indexes: readonly (readonly IndexField[])[]): boolean {
  return indexes.some((index) => {
    const last = index.at(-1)
    if (last?.mode !== 'vector' || !isSame(last.path, field)) return false
    const before = index.slice(0, -1)
    return before.length === equal.length && equal.every((one) => before.some((each) => isSameEquality(one, each)))
  })
}

function wanted({ equal, sorted }: Need, query: Query): IndexField[] {
  if (query.nearest !== null) return [...equal, { path: query.nearest.field, mode: 'vector' }]
  const last = sorted.at(-2) ?? equal.at(-1)
  const name = sorted.at(-1)
  const isImplied = name === undefined || (last?.mode === 'desc') === (name.mode === 'desc')
  return [...equal, ...withoutName(sorted), ...(isImplied || sorted.length < 2 ? [] : [name])]
}

function withoutName(fields: readonly IndexField[]): readonly IndexField[] {
  return fields.filter(({ path }) => path[0] !== NAME_FIELD)
}

/** An index in words. */
export function describeIndex({ collectionId, scope, fields }: Index): string {
  const words = { asc: 'ascending', desc: 'descending', contains: 'array-contains', vector: 'vector' }
  const list = fields.map(({ path, mode }) => `${formatFieldPath(path)} ${words[mode]}`).join(', ')
  return `${scope === 'group' ? 'collection group' : 'collection'} "${collectionId}": ${list}`
}
