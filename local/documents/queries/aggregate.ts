import type { StoredDocument } from '#local/documents/storage/document.ts'
import { fromInt64 } from '#local/documents/values/codec.ts'
import { type FieldPath, parseFieldPath } from '#local/documents/values/field-path.ts'
import { double, integer, NULL, type Value } from '#local/documents/values/value.ts'
import type { Int64 } from '#local/documents/wire/messages.ts'
import { invalidArgument } from '#local/documents/wire/status.ts'
import { fieldOf } from './matches.ts'

const MAX_AGGREGATIONS = 5
const INT64_MAX = 2n ** 63n - 1n
const INT64_MIN = -(2n ** 63n)

export interface WireAggregation {
  alias: string
  operator?: 'count' | 'sum' | 'avg'
  count: { upTo: { value: Int64 } | null }
  sum: { field: { fieldPath: string } }
  avg: { field: { fieldPath: string } }
}

export type Aggregation = { alias: string } & (
  | { kind: 'count'; upTo: bigint | null }
  | { kind: 'sum' | 'avg'; field: FieldPath }
)

/** @throws StatusError INVALID_ARGUMENT for none, too many or aliases used twice. */
export function parseAggregations(wire: readonly WireAggregation[]): Aggregation[] {
  if (wire.length === 0) throw invalidArgument('An aggregation query needs an aggregation.')
  if (wire.length > MAX_AGGREGATIONS) throw invalidArgument(`At most ${MAX_AGGREGATIONS} aggregations are allowed.`)
  const taken = new Set(wire.map((each) => each.alias))
  let generated = 1
  const aliases = new Set<string>()
  return wire.map((each) => {
    while (each.alias === '' && taken.has(`field_${generated}`)) generated++
    const alias = each.alias === '' ? `field_${generated++}` : each.alias
    if (aliases.has(alias)) throw invalidArgument(`Aggregation alias "${alias}" is used twice.`)
    aliases.add(alias)
    switch (each.operator) {
      case 'count':
        return { alias, kind: 'count', upTo: each.count.upTo === null ? null : fromInt64(each.count.upTo.value) }
      case 'sum':
      case 'avg':
        return { alias, kind: each.operator, field: parseFieldPath(each[each.operator].field.fieldPath) }
      default:
        throw invalidArgument('An aggregation must have an operator.')
    }
  })
}

/** The fields that are summed or averaged. */
export function aggregatedFields(aggregations: readonly Aggregation[]): FieldPath[] {
  return aggregations.flatMap((each) => (each.kind === 'count' ? [] : [each.field]))
}

/** One value an alias. */
export function aggregate(
  aggregations: readonly Aggregation[],
  documents: readonly StoredDocument[],
): Map<string, Value> {
  return new Map(aggregations.map((each) => [each.alias, aggregateOne(each, documents)]))
}

function aggregateOne(aggregation: Aggregation, documents: readonly StoredDocument[]): Value {
  if (aggregation.kind === 'count') {
    const count = BigInt(documents.length)
    return integer(aggregation.upTo !== null && aggregation.upTo < count ? aggregation.upTo : count)
  }
  const numbers = documents
    .map((document) => fieldOf(document, aggregation.field))
    .filter((value) => value?.type === 'integer' || value?.type === 'double')
  if (aggregation.kind === 'sum') return sum(numbers)
  if (numbers.length === 0) return NULL
  const total = sum(numbers)
  return double(Number(total.value) / numbers.length)
}

type NumberValue = Extract<Value, { type: 'integer' | 'double' }>

/** Integers give an integer as long as it fits into 64 bits, and a double beyond that. */
function sum(numbers: readonly NumberValue[]): NumberValue {
  let integers = 0n
  let doubles = 0
  let hasDouble = false
  for (const number of numbers) {
    if (number.type === 'integer') integers += number.value
    else {
      hasDouble = true
      doubles += number.value
    }
  }
  const overflows = integers > INT64_MAX || integers < INT64_MIN
  if (hasDouble || overflows) return { type: 'double', value: Number(integers) + doubles }
  return { type: 'integer', value: integers }
}
