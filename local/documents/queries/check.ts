import { type FieldPath, formatFieldPath } from '#local/documents/values/field-path.ts'
import { valueSize } from '#local/documents/values/size.ts'
import { failedPrecondition, invalidArgument } from '#local/documents/wire/status.ts'
import {
  type ComparisonOperator,
  type Filter,
  fieldFilters,
  isInequality,
  isNameField,
  NAME_FIELD,
  type Order,
} from './query.ts'

const MAX_DISJUNCTIONS = 30
const MAX_INEQUALITY_FIELDS = 10
const MAX_PARTS = 100
/** What is larger is not in an index as a whole. */
const MAX_OPERAND_BYTES = 1500
const NEGATIONS: ReadonlySet<ComparisonOperator> = new Set(['!=', 'not-in', 'is-not-nan', 'is-not-null'])

/** Refuses a query of too many parts. @throws StatusError INVALID_ARGUMENT */
export function checkCounts(query: {
  filter: Filter | null
  orders: readonly Order[]
  isBelowDocument: boolean
}): void {
  const filters = fieldFilters(query.filter).length
  const orders = query.orders.length
  if (filters + orders + Number(query.isBelowDocument) <= MAX_PARTS) return
  const ancestor = query.isBelowDocument ? 'one' : 'no'
  throw invalidArgument(
    `The query may not have more than ${MAX_PARTS} filters + sort orders + ancestor total. Currently there are ${filters} filters, ${orders} sort orders, and ${ancestor} ancestor filter.`,
  )
}

/** Refuses the combinations that Firestore refuses. @throws StatusError INVALID_ARGUMENT */
export function checkFilter(filter: Filter | null): void {
  const all = fieldFilters(filter)
  for (const each of all) checkOperand(each)
  const negations = all.filter(({ operator }) => NEGATIONS.has(operator))
  if (negations.length > 1) {
    throw invalidArgument(
      "Only a single 'NOT_EQUAL', 'NOT_IN', 'IS_NOT_NAN', or 'IS_NOT_NULL' filter allowed per query.",
    )
  }
  if (negations[0]?.operator === 'not-in') checkBesideNotIn(filter, all)
  if (!filter) return
  for (const conjunction of conjunctions(filter)) checkConjunction(conjunction)
  const disjunctions = countDisjunctions(filter)
  if (disjunctions > MAX_DISJUNCTIONS) {
    throw invalidArgument(`Query has ${disjunctions} disjunctions; ${MAX_DISJUNCTIONS} are allowed.`)
  }
  const fields = new Set(all.filter((each) => isInequality(each.operator)).map((each) => each.field.join('.')))
  if (fields.size > MAX_INEQUALITY_FIELDS) throw invalidArgument('Too many fields have inequality filters.')
}

/** Refuses orders that no index can have. @throws StatusError INVALID_ARGUMENT or FAILED_PRECONDITION */
export function checkOrders(given: readonly Order[], filter: Filter | null, aggregated: readonly FieldPath[]): void {
  const all = fieldFilters(filter)
  const names = given.map(({ field }) => formatFieldPath(field))
  const repeated = names.find((name, index) => names.indexOf(name) !== index)
  if (repeated !== undefined) {
    throw invalidArgument(`order by clause cannot contain duplicate fields ${repeated}`)
  }
  const byNameOnly = given.length > 0 && [...given, ...all].every(({ field }) => isNameField(field))
  if (byNameOnly && given[0]?.descending === true) {
    throw failedPrecondition('Firestore does not support descending key scans')
  }
  const nameAt = given.findIndex(({ field }) => isNameField(field))
  if (nameAt !== -1 && nameAt < given.length - 1) {
    throw invalidArgument('order by clause cannot contain more fields after the key')
  }
  const bounded = all.filter(({ operator }) => isInequality(operator))
  const others = bounded.map(({ field }) => formatFieldPath(field)).filter((name) => name !== NAME_FIELD)
  const implied = [...others, ...aggregated.map(formatFieldPath)]
  const unordered = implied.filter((name) => !names.includes(name))
  const filtersNames = aggregated.length > 0 && all.some(({ field }) => isNameField(field))
  if ((nameAt !== -1 || filtersNames) && unordered.length > 0) {
    throw invalidArgument(
      `This query requires an index that has fields [${unordered.join(', ')}] after __name__ and Firestore does not currently support such an index.`,
    )
  }
  const namesOneDocument = all.some(
    ({ field, operator }) => isNameField(field) && (operator === '==' || operator === 'in'),
  )
  if (namesOneDocument && others.length > 0 && others.length === bounded.length) {
    throw invalidArgument(
      'Equality on key is not allowed if there are other inequality fields and key does not appear in inequalities.',
    )
  }
}

export type FieldFilter = Extract<Filter, { kind: 'field' }>

function checkOperand({ field, operator, value }: FieldFilter): void {
  const needsList = operator === 'in' || operator === 'not-in' || operator === 'array-contains-any'
  if (needsList) {
    if (value.type !== 'array' || value.values.length === 0) {
      throw invalidArgument(`'${operator}' requires an non-empty ArrayValue.`)
    }
    const limit = operator === 'not-in' ? 10 : MAX_DISJUNCTIONS
    if (value.values.length > limit) throw invalidArgument(`'${operator}' supports up to ${limit} comparison values.`)
  }
  const compared = needsList && value.type === 'array' ? value.values : [value]
  if (!isNameField(field) && compared.some((operand) => valueSize(operand) > MAX_OPERAND_BYTES)) {
    const place = `${formatFieldPath(field)}${operator.startsWith('array-') ? '[*]' : ''}`
    throw invalidArgument(`value for ${place} is too large to be used in a query`)
  }
  if (!isNameField(field)) return
  if (operator.startsWith('array-')) throw invalidArgument(`'${operator}' cannot be used with __name__.`)
  if (operator.startsWith('is-') || compared.some((operand) => operand.type !== 'reference')) {
    throw invalidArgument('__key__ filter value must be a Key')
  }
}

function checkBesideNotIn(filter: Filter | null, all: readonly FieldFilter[]): void {
  const forbidden = all.some(({ operator }) => operator === 'in' || operator === 'array-contains-any')
  if (forbidden) throw invalidArgument("'NOT_IN' cannot be combined with 'IN' or 'ARRAY_CONTAINS_ANY'.")
  if (filter !== null && hasOr(filter)) throw invalidArgument("'NOT_IN' cannot be used in the same query with 'OR'.")
}

function hasOr(filter: Filter): boolean {
  return filter.kind !== 'field' && ((filter.kind === 'or' && filter.filters.length > 1) || filter.filters.some(hasOr))
}

/** The disjunctive normal form, each list of filters ANDed. IN is kept as one filter here. */
export function conjunctions(filter: Filter): FieldFilter[][] {
  if (filter.kind === 'field') return [[filter]]
  const parts = filter.filters.map(conjunctions)
  if (filter.kind === 'or') return parts.flat()
  return parts.reduce<FieldFilter[][]>(
    (product, part) => product.flatMap((left) => part.map((right) => [...left, ...right])),
    [[]],
  )
}

function checkConjunction(filters: readonly FieldFilter[]): void {
  const contains = filters.filter(({ operator }) => operator.startsWith('array-contains'))
  if (contains.length > 1) throw invalidArgument("A maximum of 1 'ARRAY_CONTAINS' filter is allowed per disjunction.")
}

function countDisjunctions(filter: Filter): number {
  if (filter.kind === 'field') {
    const expands = filter.operator === 'in' || filter.operator === 'array-contains-any'
    return expands && filter.value.type === 'array' ? filter.value.values.length : 1
  }
  const counts = filter.filters.map(countDisjunctions)
  return filter.kind === 'or'
    ? counts.reduce((sum, count) => sum + count, 0)
    : counts.reduce((product, count) => product * count, 1)
}
