import { type Firestore, type Query, VectorValue } from '@google-cloud/firestore'
import type { Chance } from './chance.ts'
import { anyAggregation, anyQuery } from './queries.ts'

/** A call of the API with its request, as far as the official client writes it and a little further. */
export interface WireQuery {
  method: 'RunQuery' | 'RunAggregationQuery'
  request: Record<string, unknown>
}

/** Any query as it goes over the wire; null where the client refuses to build one. */
export function anyWireQuery(chance: Chance, root: string, firestore: Firestore): WireQuery | null {
  const build = anyQuery(chance, root)
  const aggregation = chance.percent(30) ? anyAggregation(chance) : null
  let request: Record<string, unknown>
  try {
    const query = build(firestore)
    request = protoOf(aggregation === null ? query : query.aggregate(aggregation))
  } catch {
    return null
  }
  bend(chance, request)
  return { method: aggregation === null ? 'RunQuery' : 'RunAggregationQuery', request }
}

function protoOf(query: unknown): Record<string, unknown> {
  return (query as Query & { toProto(): Record<string, unknown> }).toProto()
}

/** What the official client would not write: comparisons with null and NaN, filters given twice, longer cursors. */
function bend(chance: Chance, part: unknown): void {
  if (part === null || typeof part !== 'object' || Buffer.isBuffer(part) || part instanceof VectorValue) return
  if ('fieldFilter' in part && chance.percent(3)) {
    const filter = part.fieldFilter as { value: unknown }
    filter.value = chance.pick([{ nullValue: 'NULL_VALUE' }, { doubleValue: Number.NaN }])
  }
  if ('compositeFilter' in part && chance.percent(15)) {
    const { filters } = part.compositeFilter as { filters: unknown[] }
    filters.push(chance.pick(filters))
  }
  if ('startAt' in part && part.startAt !== undefined && chance.percent(3)) {
    const { values } = part.startAt as { values: unknown[] }
    if (chance.percent(50)) values.pop()
    else values.push({ integerValue: '1' })
  }
  for (const inner of Object.values(part)) bend(chance, inner)
}
