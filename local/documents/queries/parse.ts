import { checkCollectionId, parseParent } from '#local/documents/names.ts'
import { fromWireValue } from '#local/documents/values/codec.ts'
import { type FieldPath, parseFieldPath } from '#local/documents/values/field-path.ts'
import { compareText } from '#local/documents/values/text-order.ts'
import type { WireCursor, WireFilter, WireQuery, WireValue } from '#local/documents/wire/messages.ts'
import { invalidArgument } from '#local/documents/wire/status.ts'
import { checkAlternatives, checkCounts, checkFilter, checkOrders } from './check.ts'
import { parseNearest } from './nearest.ts'
import { withoutNever, withoutRepeats } from './normal-form.ts'
import {
  type ComparisonOperator,
  type Cursor,
  type FieldFilter,
  type Filter,
  fieldFilters,
  isInequality,
  isNameField,
  NAME_FIELD,
  type Order,
  type Query,
} from './query.ts'

const DESCENDING = 2
const AND = 1
const OR = 2

const FIELD_OPERATORS: readonly (ComparisonOperator | null)[] = [
  null,
  '<',
  '<=',
  '>',
  '>=',
  '==',
  '!=',
  'array-contains',
  'in',
  'array-contains-any',
  'not-in',
]
const UNARY_OPERATORS: readonly (ComparisonOperator | null)[] = [
  null,
  null,
  'is-nan',
  'is-null',
  'is-not-nan',
  'is-not-null',
]

/**
 * Checks a structured query as Google does and completes its order. The `aggregated` fields of an aggregation are part
 * of the order, too, as they are part of the index that serves it. @throws StatusError INVALID_ARGUMENT
 */
export function parseQuery(parent: string, wire: WireQuery | null, aggregated: readonly FieldPath[] = []): Query {
  if (wire === null) throw invalidArgument('A structured query is needed.')
  const { database, isDocument } = parseParent(parent)
  const [from, another] = wire.from
  if (another !== undefined) throw invalidArgument('A query can have only one collection selector.')
  if (from !== undefined && from.collectionId !== '') checkCollectionId(from.collectionId)
  const given = wire.orderBy.map(parseOrder)
  const filter = wire.where === null ? null : checkedFilter(wire.where)
  checkCounts({ filter, orders: given, isBelowDocument: isDocument })
  if (wire.offset < 0) throw invalidArgument('offset is negative')
  if (wire.limit !== null && wire.limit.value < 0) throw invalidArgument('limit is negative')
  const startAt = parseCursor(wire.startAt, given)
  const endAt = parseCursor(wire.endAt, given)
  const planned = filter === null ? null : withoutNever(filter)
  checkOrders(given, planned, aggregated)
  return {
    database,
    parent,
    collectionId: from === undefined || from.collectionId === '' ? null : from.collectionId,
    allDescendants: from?.allDescendants ?? true,
    filter: planned,
    orders: completeOrders(given, planned, aggregated),
    startAt,
    endAt,
    offset: wire.offset,
    limit: wire.limit?.value ?? null,
    select: wire.select === null ? null : parseSelect(wire.select.fields),
    nearest: wire.findNearest === null ? null : parseNearest(wire.findNearest),
  }
}

function parseSelect(fields: readonly { fieldPath: string }[]): FieldPath[] {
  // An empty projection asks for names alone.
  return fields.length === 0 ? [[NAME_FIELD]] : fields.map((field) => parseFieldPath(field.fieldPath))
}

function checkedFilter(wire: WireFilter): Filter {
  const filter = parseFilter(wire)
  checkFilter(filter)
  const distinct = withoutRepeats(filter)
  checkAlternatives(distinct)
  return distinct
}

function parseFilter(wire: WireFilter): Filter {
  switch (wire.filterType) {
    case 'compositeFilter': {
      const { op, filters } = wire.compositeFilter
      if (op !== AND && op !== OR) throw invalidArgument('A composite filter must be AND or OR.')
      if (filters.length === 0) throw invalidArgument('A composite filter must have filters.')
      return { kind: op === AND ? 'and' : 'or', filters: filters.map(parseFilter) }
    }
    case 'fieldFilter':
      return fieldFilter(wire.fieldFilter.field, FIELD_OPERATORS[wire.fieldFilter.op], wire.fieldFilter.value)
    case 'unaryFilter':
      return fieldFilter(wire.unaryFilter.field, UNARY_OPERATORS[wire.unaryFilter.op], { valueType: 'nullValue' })
    default:
      throw invalidArgument('A filter must have a type.')
  }
}

function fieldFilter(
  field: { fieldPath: string } | null,
  operator: ComparisonOperator | null | undefined,
  value: WireValue | null,
): FieldFilter {
  if (operator === null || operator === undefined) throw invalidArgument('A filter must have an operator.')
  if (field === null || value === null) throw invalidArgument('A filter must have a field and a value.')
  return { kind: 'field', field: parseFieldPath(field.fieldPath), operator, value: fromWireValue(value) }
}

function parseOrder(wire: { field: { fieldPath: string } | null; direction: number }): Order {
  if (wire.field === null) throw invalidArgument('An order must have a field.')
  return { field: parseFieldPath(wire.field.fieldPath), descending: wire.direction === DESCENDING }
}

/** Adds the orders that inequalities imply (by name, in the last direction), and the document's name at the end. */
function completeOrders(given: readonly Order[], filter: Filter | null, aggregated: readonly FieldPath[]): Order[] {
  const orders = [...given]
  const descending = given.at(-1)?.descending ?? false
  const known = new Set(given.map((order) => order.field.join('\0')))
  const implied = fieldFilters(filter)
    .filter(({ operator, field }) => isInequality(operator) && !isNameField(field))
    .map(({ field }) => field)
    .sort((left, right) => compareText(left.join('\0'), right.join('\0')))
  for (const field of [...implied, ...aggregated]) {
    if (known.has(field.join('\0'))) continue
    known.add(field.join('\0'))
    orders.push({ field, descending })
  }
  if (!known.has(NAME_FIELD)) orders.push({ field: [NAME_FIELD], descending })
  return orders
}

/** A position in the `given` orders; those that are only implied have none. */
function parseCursor(wire: WireCursor | null, given: readonly Order[]): Cursor | null {
  if (wire === null) return null
  if (wire.values.length > given.length) throw invalidArgument('Cursor has too many values.')
  const values = wire.values.map((value) => fromWireValue(value))
  values.forEach((value, index) => {
    const order = given[index]
    if (order !== undefined && isNameField(order.field) && value.type !== 'reference') {
      throw invalidArgument('Cursor __key__ value is not a document reference.')
    }
  })
  return { values, before: wire.before }
}
