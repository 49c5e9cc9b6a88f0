import type { FieldPath } from '#local/documents/values/field-path.ts'
import type { Value } from '#local/documents/values/value.ts'

export type ComparisonOperator =
  | '<'
  | '<='
  | '>'
  | '>='
  | '=='
  | '!='
  | 'array-contains'
  | 'in'
  | 'array-contains-any'
  | 'not-in'
  | 'is-nan'
  | 'is-null'
  | 'is-not-nan'
  | 'is-not-null'

export type Filter =
  | { kind: 'and' | 'or'; filters: readonly Filter[] }
  | { kind: 'field'; field: FieldPath; operator: ComparisonOperator; value: Value }

export type FieldFilter = Extract<Filter, { kind: 'field' }>

export interface Order {
  field: FieldPath
  descending: boolean
}

export interface Cursor {
  values: readonly Value[]
  before: boolean
}

/** A checked query. `orders` is complete: implied orders are in it, and it ends with the document's name. */
export interface Query {
  database: string
  /** The name under which it looks: the database's root or a document. */
  parent: string
  /** null: every collection. */
  collectionId: string | null
  allDescendants: boolean
  filter: Filter | null
  orders: readonly Order[]
  startAt: Cursor | null
  endAt: Cursor | null
  offset: number
  limit: number | null
  /** Fields to give back; null: all. */
  select: readonly FieldPath[] | null
  nearest: Nearest | null
}

export interface Nearest {
  field: FieldPath
  vector: readonly number[]
  measure: 'euclidean' | 'cosine' | 'dot-product'
  limit: number
  resultField: FieldPath | null
  threshold: number | null
}

/** The pseudo field that is the document's own name. */
export const NAME_FIELD = '__name__'

export function isNameField(field: FieldPath): boolean {
  return field.length === 1 && field[0] === NAME_FIELD
}

/** Operators that bound a range: they imply an order by their field. */
export function isInequality(operator: ComparisonOperator): boolean {
  return INEQUALITIES.has(operator)
}

const INEQUALITIES: ReadonlySet<ComparisonOperator> = new Set([
  '<',
  '<=',
  '>',
  '>=',
  '!=',
  'not-in',
  'is-not-nan',
  'is-not-null',
])

/** All field filters of a tree, from left to right. */
export function fieldFilters(filter: Filter | null): FieldFilter[] {
  if (filter === null) return []
  return filter.kind === 'field' ? [filter] : filter.filters.flatMap(fieldFilters)
}
