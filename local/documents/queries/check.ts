import { invalidArgument } from '#local/documents/wire/status.ts'
import { type Filter, fieldFilters, isInequality, isNameField, type Order } from './query.ts'

const MAX_DISJUNCTIONS = 30
const MAX_INEQUALITY_FIELDS = 10

/** Refuses the combinations that Firestore refuses. @throws StatusError INVALID_ARGUMENT */
export function checkFilter(filter: Filter | null, _orders: readonly Order[]): void {
  const all = fieldFilters(filter)
  for (const each of all) checkOperand(each)
  const count = (operator: string) => all.filter((each) => each.operator === operator).length
  const notIn = count('not-in')
  if (notIn > 1) throw invalidArgument("Only a single 'NOT_IN' filter is allowed per query.")
  if (notIn === 1) checkBesideNotIn(filter, all)
  const unequal = all.filter(({ operator }) => operator === '!=' || operator.startsWith('is-not'))
  if (unequal.length > 1) throw invalidArgument("Only a single 'NOT_EQUAL' filter is allowed per query.")
  if (!filter) return
  for (const conjunction of conjunctions(filter)) checkConjunction(conjunction)
  const disjunctions = countDisjunctions(filter)
  if (disjunctions > MAX_DISJUNCTIONS) {
    throw invalidArgument(`Query has ${disjunctions} disjunctions; ${MAX_DISJUNCTIONS} are allowed.`)
  }
  const fields = new Set(all.filter((each) => isInequality(each.operator)).map((each) => each.field.join('.')))
  if (fields.size > MAX_INEQUALITY_FIELDS) throw invalidArgument('Too many fields have inequality filters.')
}

type FieldFilter = Extract<Filter, { kind: 'field' }>

function checkOperand({ field, operator, value }: FieldFilter): void {
  const needsList = operator === 'in' || operator === 'not-in' || operator === 'array-contains-any'
  if (needsList) {
    if (value.type !== 'array' || value.values.length === 0) {
      throw invalidArgument(`'${operator}' requires an non-empty ArrayValue.`)
    }
    const limit = operator === 'not-in' ? 10 : MAX_DISJUNCTIONS
    if (value.values.length > limit) throw invalidArgument(`'${operator}' supports up to ${limit} comparison values.`)
  }
  if (!isNameField(field)) return
  if (operator.startsWith('array-')) throw invalidArgument(`'${operator}' cannot be used with __name__.`)
  const operands = needsList && value.type === 'array' ? value.values : [value]
  if (operator.startsWith('is-') || operands.some((operand) => operand.type !== 'reference')) {
    throw invalidArgument('__key__ filter value must be a Key')
  }
}

function checkBesideNotIn(filter: Filter | null, all: readonly FieldFilter[]): void {
  const forbidden = all.some(({ operator }) =>
    ['!=', 'in', 'array-contains-any', 'is-not-null', 'is-not-nan'].includes(operator),
  )
  if (forbidden) throw invalidArgument("'NOT_IN' cannot be combined with 'NOT_EQUAL', 'IN' or 'ARRAY_CONTAINS_ANY'.")
  if (filter !== null && hasOr(filter)) throw invalidArgument("'NOT_IN' cannot be used in the same query with 'OR'.")
}

function hasOr(filter: Filter): boolean {
  return filter.kind !== 'field' && ((filter.kind === 'or' && filter.filters.length > 1) || filter.filters.some(hasOr))
}

/** The disjunctive normal form, each list of filters ANDed. IN is kept as one filter here. */
function conjunctions(filter: Filter): FieldFilter[][] {
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
