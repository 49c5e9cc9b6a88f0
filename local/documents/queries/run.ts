import type { Micros } from '#local/documents/clock.ts'
import type { StoredDocument } from '#local/documents/storage/document.ts'
import type { Collection, DocumentStore } from '#local/documents/storage/store.ts'
import { compareValues } from '#local/documents/values/order.ts'
import { comparePaths } from '#local/documents/values/text-order.ts'
import type { Value } from '#local/documents/values/value.ts'
import { fieldOf, inCollectionScope, matchesFilterAndOrder } from './matches.ts'
import { nearestDocuments } from './nearest.ts'
import { type Cursor, isNameField, type Order, type Query } from './query.ts'

/** The documents that a query gives, in order, and how many its offset left out. */
export interface QueryResult {
  documents: StoredDocument[]
  skipped: number
}

/** Runs a query over the documents of the time `at`, null for the present. */
export function runQuery(store: DocumentStore, query: Query, at: Micros | null): QueryResult {
  let matching: StoredDocument[] = []
  const collections = scopeOf(store, query)
  for (const collection of collections) {
    for (const document of store.scan(collection, at)) {
      if (matchesFilterAndOrder(query, document)) matching.push(document)
    }
  }
  const [first] = query.orders
  // A collection is scanned in the order of its names.
  const sorted = collections.length <= 1 && first !== undefined && isNameField(first.field) && !first.descending
  if (!sorted) matching.sort((left, right) => compareDocuments(query.orders, left, right))
  const { startAt, endAt } = query
  if (startAt !== null) matching = matching.filter((document) => isAfterStart(query.orders, startAt, document))
  if (endAt !== null) matching = matching.filter((document) => isBeforeEnd(query.orders, endAt, document))
  if (query.nearest !== null) matching = nearestDocuments(query.nearest, matching)
  const skipped = Math.min(query.offset, matching.length)
  const end = query.limit === null ? undefined : query.offset + query.limit
  return { documents: matching.slice(query.offset, end), skipped }
}

function scopeOf(store: DocumentStore, query: Query): Collection[] {
  if (!query.allDescendants && query.collectionId !== null) {
    const collection = store.collection(`${query.parent}/${query.collectionId}`)
    return collection === null ? [] : [collection]
  }
  return [...store.collections(query.database)].filter((collection) => inCollectionScope(query, collection.name))
}

/** Compares two matching documents by the query's whole order. */
function compareDocuments(orders: readonly Order[], left: StoredDocument, right: StoredDocument): number {
  for (const { field, descending } of orders) {
    const order = isNameField(field)
      ? comparePaths(left.name, right.name)
      : compareValues(fieldOf(left, field) as Value, fieldOf(right, field) as Value)
    if (order !== 0) return descending ? -order : order
  }
  return 0
}

/** Where a document stands to a cursor's position, by as many orders as the cursor has values. */
function compareToCursor(orders: readonly Order[], cursor: Cursor, document: StoredDocument): number {
  for (const [index, value] of cursor.values.entries()) {
    const order = orders[index]
    if (order === undefined) return 0
    const difference = compareValues(fieldOf(document, order.field) as Value, value)
    if (difference !== 0) return order.descending ? -difference : difference
  }
  return 0
}

function isAfterStart(orders: readonly Order[], cursor: Cursor, document: StoredDocument): boolean {
  const order = compareToCursor(orders, cursor, document)
  return cursor.before ? order >= 0 : order > 0
}

function isBeforeEnd(orders: readonly Order[], cursor: Cursor, document: StoredDocument): boolean {
  const order = compareToCursor(orders, cursor, document)
  return cursor.before ? order < 0 : order <= 0
}

/** Whether a document lies between a query's cursors. */
export function isBetweenCursors(query: Query, document: StoredDocument): boolean {
  if (query.startAt !== null && !isAfterStart(query.orders, query.startAt, document)) return false
  return query.endAt === null || isBeforeEnd(query.orders, query.endAt, document)
}
