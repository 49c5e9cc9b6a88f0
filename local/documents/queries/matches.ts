import type { StoredDocument } from '#local/documents/storage/document.ts'
import { type FieldPath, getField } from '#local/documents/values/field-path.ts'
import { compareValues, typeOrder, valuesEqual } from '#local/documents/values/order.ts'
import { isNaNValue, reference, type Value } from '#local/documents/values/value.ts'
import { type FieldFilter, type Filter, isNameField, type Query } from './query.ts'

/** The value that a query sees at a path; a document's name is a field, too. */
export function fieldOf(document: StoredDocument, field: FieldPath): Value | undefined {
  return isNameField(field) ? reference(document.name) : getField(document.fields, field)
}

/** Whether the document is in the query's collections, passes its filter and has every field it is ordered by. */
export function matchesQuery(query: Query, document: StoredDocument): boolean {
  return inScope(query, document.name) && matchesFilterAndOrder(query, document)
}

/** The same for a document that is known to be in scope. */
export function matchesFilterAndOrder(query: Query, document: StoredDocument): boolean {
  if (query.filter !== null && !matchesFilter(query.filter, document)) return false
  return query.orders.every(({ field }) => fieldOf(document, field) !== undefined)
}

function inScope(query: Query, name: string): boolean {
  return inCollectionScope(query, name.slice(0, name.lastIndexOf('/')))
}

/** Whether the documents of the collection with that full name are in the query's reach. */
export function inCollectionScope(query: Query, collection: string): boolean {
  const { parent, collectionId, allDescendants } = query
  if (!allDescendants) return collectionId === null ? false : collection === `${parent}/${collectionId}`
  if (!collection.startsWith(`${parent}/`)) return false
  return collectionId === null || collection.endsWith(`/${collectionId}`)
}

function matchesFilter(filter: Filter, document: StoredDocument): boolean {
  if (filter.kind !== 'field') {
    const matches = (part: Filter) => matchesFilter(part, document)
    return filter.kind === 'and' ? filter.filters.every(matches) : filter.filters.some(matches)
  }
  const present = fieldOf(document, filter.field)
  return present !== undefined && matchesField(filter, present)
}

function matchesField({ operator, value }: FieldFilter, present: Value): boolean {
  switch (operator) {
    case '==':
      return valuesEqual(present, value)
    case '!=':
      return present.type !== 'null' && !valuesEqual(present, value)
    case '<':
      return inRange(present, value, (order) => order < 0)
    case '<=':
      return inRange(present, value, (order) => order <= 0)
    case '>':
      return inRange(present, value, (order) => order > 0)
    case '>=':
      return inRange(present, value, (order) => order >= 0)
    case 'in':
      return listed(value, present)
    case 'not-in':
      return present.type !== 'null' && !hasNull(value) && !listed(value, present)
    case 'array-contains':
      return listed(present, value)
    case 'array-contains-any':
      return present.type === 'array' && present.values.some((item) => listed(value, item))
    case 'is-null':
      return present.type === 'null'
    case 'is-not-null':
      return present.type !== 'null'
    case 'is-nan':
      return isNaNValue(present)
    case 'is-not-nan':
      return present.type !== 'null' && !isNaNValue(present)
  }
}

/** Ranges hold within one type; NaN is in no range of numbers. */
function inRange(present: Value, bound: Value, holds: (order: number) => boolean): boolean {
  if (typeOrder(present) !== typeOrder(bound) || isNaNValue(present)) return false
  return holds(compareValues(present, bound))
}

/** Null and NaN are in no list: there they equal nothing, not even each other. */
function listed(list: Value, one: Value): boolean {
  if (one.type === 'null' || isNaNValue(one)) return false
  return list.type === 'array' && list.values.some((item) => valuesEqual(item, one))
}

function hasNull(list: Value): boolean {
  return list.type === 'array' && list.values.some((item) => item.type === 'null')
}
