import { isNaNValue, type Value } from '#local/documents/values/value.ts'
import type { ComparisonOperator, FieldFilter, Filter } from './query.ts'

/** Far above what a query may have: filters whose normal form is larger on the way there are not multiplied out. */
const MAX_TERMS_ON_THE_WAY = 1000

/** What one value of a list means. */
const SINGLE: Partial<Record<ComparisonOperator, ComparisonOperator>> = {
  in: '==',
  'array-contains-any': 'array-contains',
}

const COMPARISONS: ReadonlySet<ComparisonOperator> = new Set(['==', '!=', '<', '<=', '>', '>='])

/** The filter without what stands twice in one AND, OR or list: Google counts it once. */
export function withoutRepeats(filter: Filter): Filter {
  if (filter.kind === 'field') {
    const { operator, value } = filter
    if (SINGLE[operator] === undefined || value.type !== 'array') return filter
    return { ...filter, value: { type: 'array', values: distinct(value.values, valueKey) } }
  }
  return { kind: filter.kind, filters: distinct(filter.filters.map(withoutRepeats), filterKey) }
}

/** An alternative that no document is: a choice between no values. */
const NEVER = { operator: 'in', value: { type: 'array', values: [] } } satisfies Partial<FieldFilter>

/**
 * The filter as it is planned. Beside null and NaN nothing is equal, greater or less: the official client asks by
 * unary filters for them. What can never hold is no range, so that its field is no part of the order.
 */
export function withoutNever(filter: Filter): Filter {
  if (filter.kind !== 'field') return { kind: filter.kind, filters: filter.filters.map(withoutNever) }
  const { operator, value } = filter
  const [only, ...others] = operator === 'not-in' && value.type === 'array' ? value.values : []
  if (only !== undefined && others.length === 0) return withoutNever({ ...filter, operator: '!=', value: only })
  if (operator === '!=' && isNaNValue(value)) return { ...filter, operator: 'is-not-null' }
  const holdsNever = COMPARISONS.has(operator) && (value.type === 'null' || isNaNValue(value))
  return holdsNever ? { ...filter, ...NEVER } : filter
}

/**
 * The disjunctive normal form: each list of filters ANDed, no list and no filter of a list twice. A filter with several
 * values is several alternatives. null: far too many of them.
 */
export function conjunctions(filter: Filter): FieldFilter[][] | null {
  const terms = multiply(filter)
  return terms === null ? null : [...terms.values()].map((term) => [...term.values()])
}

/** Filters and terms by their keys. */
type Term = ReadonlyMap<string, FieldFilter>
type Terms = ReadonlyMap<string, Term>

function multiply(filter: Filter): Terms | null {
  if (filter.kind === 'field') {
    return termsOf(alternatives(filter).map((each) => new Map([[filterKey(each), each]])))
  }
  const parts: Terms[] = []
  for (const part of filter.filters) {
    const terms = multiply(part)
    if (terms === null) return null
    parts.push(terms)
  }
  if (filter.kind === 'or') return termsOf(parts.flatMap((terms) => [...terms.values()]))
  let product: Terms = termsOf([new Map()])
  for (const terms of parts) {
    if (product.size * terms.size > MAX_TERMS_ON_THE_WAY) return null
    const right = [...terms.values()]
    product = termsOf([...product.values()].flatMap((left) => right.map((other) => new Map([...left, ...other]))))
  }
  return product
}

function alternatives(filter: FieldFilter): FieldFilter[] {
  const operator = SINGLE[filter.operator]
  if (operator === undefined || filter.value.type !== 'array') return [filter]
  return filter.value.values.map((value) => ({ ...filter, operator, value }))
}

function termsOf(terms: readonly Term[]): Terms {
  return new Map(terms.map((term) => [[...term.keys()].sort().join(), term]))
}

function distinct<T>(items: readonly T[], keyOf: (item: T) => string): T[] {
  return [...new Map(items.map((item) => [keyOf(item), item])).values()]
}

/** The same for filters that are the same set of filters. */
function filterKey(filter: Filter): string {
  if (filter.kind !== 'field') return `${filter.kind}(${filter.filters.map(filterKey).sort().join()})`
  const { field, operator, value } = filter
  const isSet = SINGLE[operator] !== undefined && value.type === 'array'
  const operand = isSet ? value.values.map(valueKey).sort().join() : valueKey(value)
  return `${JSON.stringify(field)} ${operator} ${operand}`
}

/** The same for values that are stored the same: 1 and 1.0 differ, and so do 0 and -0. */
function valueKey(value: Value): string {
  return JSON.stringify(value, (_, part: unknown) => {
    if (typeof part === 'bigint') return String(part)
    if (typeof part === 'number') return Object.is(part, -0) ? '-0' : String(part)
    return part instanceof Map ? [...part].sort(([left], [right]) => (left < right ? -1 : 1)) : part
  })
}
