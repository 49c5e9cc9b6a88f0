import { type FieldPath, formatFieldPath } from '#local/documents/values/field-path.ts'
import { valueSize } from '#local/documents/values/size.ts'
import { failedPrecondition, invalidArgument } from '#local/documents/wire/status.ts'
import { conjunctions } from './normal-form.ts'
import {
  type ComparisonOperator,
  type FieldFilter,
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

/** Refuses the filters and combinations that Firestore refuses. @throws StatusError INVALID_ARGUMENT */
export function checkFilter(filter: Filter): void {
  const all = fieldFilters(filter)
  for (const each of all) checkOperand(each)
  const negations = all.filter(({ operator }) => NEGATIONS.has(operator))
  if (negations.length > 1) {
    throw invalidArgument(
      "Only a single 'NOT_EQUAL', 'NOT_IN', 'IS_NOT_NAN', or 'IS_NOT_NULL' filter allowed per query.",
    )
  }
  if (negations[0]?.operator === 'not-in' && hasAlternatives(filter)) {
    throw invalidArgument("'NOT_IN' cannot be used in the same query with 'IN', 'ARRAY_CONTAINS_ANY' or 'OR'.")
  }
}

/** Refuses a filter, which has no repeats, for what its alternatives would be. @throws StatusError INVALID_ARGUMENT */
export function checkAlternatives(filter: Filter): void {
  if (mostListSearches(filter) > 1) {
    throw invalidArgument("A maximum of 1 'ARRAY_CONTAINS' filter is allowed per disjunction.")
  }
  const alternatives = conjunctions(filter)?.length ?? null
  if (alternatives !== null && alternatives <= MAX_DISJUNCTIONS) return
  throw invalidArgument(
    `Too many disjunctions after normalization. Result had ${alternatives ?? 'far more'} disjunctions which is more than the maximum of ${MAX_DISJUNCTIONS}`,
  )
}

/** Refuses orders that no index can have. @throws StatusError INVALID_ARGUMENT or FAILED_PRECONDITION */
export function checkOrders(given: readonly Order[], filter: Filter | null, aggregated: readonly FieldPath[]): void {
  const all = fieldFilters(filter)
  const byNameOnly = given.length > 0 && [...given, ...all].every(({ field }) => isNameField(field))
  if (byNameOnly && given.every(({ descending }) => descending)) {
    throw failedPrecondition('Firestore does not support descending key scans')
  }
  const nameAt = given.findIndex(({ field }) => isNameField(field))
  if (nameAt !== -1 && nameAt < given.length - 1) {
    throw invalidArgument('order by clause cannot contain more fields after the key')
  }
  const names = given.map(({ field }) => formatFieldPath(field))
  const repeated = names.find((name, index) => names.indexOf(name) !== index)
  if (repeated !== undefined) {
    throw invalidArgument(`order by clause cannot contain duplicate fields ${repeated}`)
  }
  const bounded = all.filter(({ operator }) => isInequality(operator))
  if (new Set(bounded.map(({ field }) => formatFieldPath(field))).size > MAX_INEQUALITY_FIELDS) {
    throw invalidArgument(`A query may not have more than ${MAX_INEQUALITY_FIELDS} distinct inequality fields.`)
  }
  const others = bounded.map(({ field }) => formatFieldPath(field)).filter((name) => name !== NAME_FIELD)
  checkFieldsAfterName({
    // Where a filter brings the name in, the fields of ranges come before it by themselves.
    ordered: nameAt === -1 ? [...names, ...others] : names,
    implied: [...others, ...aggregated.map(formatFieldPath)],
    hasName: nameAt !== -1 || (aggregated.length > 0 && all.some(({ field }) => isNameField(field))),
  })
  const namesOneDocument = all.some(
    ({ field, operator }) => isNameField(field) && (operator === '==' || operator === 'in'),
  )
  if (namesOneDocument && others.length > 0 && others.length === bounded.length) {
    throw invalidArgument(
      'Equality on key is not allowed if there are other inequality fields and key does not appear in inequalities.',
    )
  }
}

/** The name is the last field of any index. */
function checkFieldsAfterName(sort: {
  ordered: readonly string[]
  implied: readonly string[]
  hasName: boolean
}): void {
  const unordered = sort.implied.filter((name) => !sort.ordered.includes(name))
  if (!sort.hasName || unordered.length === 0) return
  throw invalidArgument(
    `This query requires an index that has fields [${[...new Set(unordered)].join(', ')}] after __name__ and Firestore does not currently support such an index. Please try the query again with additional ordering on those fields.`,
  )
}

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

function hasAlternatives(filter: Filter): boolean {
  if (filter.kind !== 'field') return filter.kind === 'or' || filter.filters.some(hasAlternatives)
  return filter.operator === 'in' || filter.operator === 'array-contains-any'
}

/** How many searches in lists one alternative of the filter has at most. */
function mostListSearches(filter: Filter): number {
  if (filter.kind === 'field') return Number(filter.operator.startsWith('array-contains'))
  const parts = filter.filters.map(mostListSearches)
  return filter.kind === 'or' ? Math.max(...parts) : parts.reduce((sum, count) => sum + count, 0)
}
