import { compareBytes, compareNumbers, comparePaths, compareText } from './text-order.ts'
import { type Fields, type Value, type ValueOf, vectorOf } from './value.ts'

/** Firestore's order between types; integers and doubles share a place, vectors come after arrays and before maps. */
const TYPE_ORDER = {
  null: 0,
  boolean: 1,
  integer: 2,
  double: 2,
  timestamp: 3,
  string: 4,
  bytes: 5,
  reference: 6,
  geoPoint: 7,
  array: 8,
  map: 10,
} satisfies Record<Value['type'], number>

const VECTOR_ORDER = 9

/** The place of a value's type: two values are comparable in a range filter when their places are equal. */
export function typeOrder(value: Value): number {
  return value.type === 'map' && vectorOf(value) !== null ? VECTOR_ORDER : TYPE_ORDER[value.type]
}

/** Total order over all values: negative, zero or positive. NaN comes before all numbers, -0 equals 0. */
export function compareValues(left: Value, right: Value): number {
  const leftOrder = typeOrder(left)
  const byType = compareNumbers(leftOrder, typeOrder(right))
  if (byType !== 0) return byType
  if (leftOrder === VECTOR_ORDER) return compareVectors(vectorOf(left) ?? [], vectorOf(right) ?? [])
  switch (left.type) {
    case 'null':
      return 0
    case 'boolean':
      return compareNumbers(Number(left.value), Number((right as ValueOf<'boolean'>).value))
    case 'integer':
    case 'double':
      return compareNumeric(left.value, (right as ValueOf<'integer' | 'double'>).value)
    case 'timestamp': {
      const other = right as ValueOf<'timestamp'>
      return compareNumbers(left.seconds, other.seconds) || compareNumbers(left.nanos, other.nanos)
    }
    case 'string':
      return compareText(left.value, (right as ValueOf<'string'>).value)
    case 'bytes':
      return compareBytes(left.value, (right as ValueOf<'bytes'>).value)
    case 'reference':
      return comparePaths(left.value, (right as ValueOf<'reference'>).value)
    case 'geoPoint': {
      const other = right as ValueOf<'geoPoint'>
      return compareNumbers(left.latitude, other.latitude) || compareNumbers(left.longitude, other.longitude)
    }
    case 'array':
      return compareLists(left.values, (right as ValueOf<'array'>).values)
    case 'map':
      return compareMaps(left.fields, (right as ValueOf<'map'>).fields)
  }
}

/** JavaScript compares a bigint with a double exactly; only NaN needs a place of its own. */
export function compareNumeric(left: bigint | number, right: bigint | number): number {
  if (left < right) return -1
  if (left > right) return 1
  return Number(Number.isNaN(right)) - Number(Number.isNaN(left))
}

function compareVectors(left: readonly Value[], right: readonly Value[]): number {
  return compareNumbers(left.length, right.length) || compareLists(left, right)
}

function compareLists(left: readonly Value[], right: readonly Value[]): number {
  for (let index = 0; index < Math.min(left.length, right.length); index++) {
    const order = compareValues(left[index] as Value, right[index] as Value)
    if (order !== 0) return order
  }
  return compareNumbers(left.length, right.length)
}

function compareMaps(left: Fields, right: Fields): number {
  const leftNames = [...left.keys()].sort(compareText)
  const rightNames = [...right.keys()].sort(compareText)
  for (let index = 0; index < Math.min(leftNames.length, rightNames.length); index++) {
    const leftName = leftNames[index] as string
    const rightName = rightNames[index] as string
    const order =
      compareText(leftName, rightName) || compareValues(left.get(leftName) as Value, right.get(rightName) as Value)
    if (order !== 0) return order
  }
  return compareNumbers(leftNames.length, rightNames.length)
}

/** Equality as filters and array transforms see it: 1 equals 1.0, NaN equals NaN. */
export function valuesEqual(left: Value, right: Value): boolean {
  return compareValues(left, right) === 0
}

/** Equality of what is stored: the type counts too, so 1 becoming 1.0 is a change. */
export function sameValue(left: Value, right: Value): boolean {
  if (left.type !== right.type) return false
  if (left.type === 'double') return Object.is(left.value, (right as ValueOf<'double'>).value)
  if (left.type === 'array') {
    const other = (right as ValueOf<'array'>).values
    return left.values.length === other.length && left.values.every((item, i) => sameValue(item, other[i] as Value))
  }
  if (left.type === 'map') return sameFields(left.fields, (right as ValueOf<'map'>).fields)
  return compareValues(left, right) === 0
}

export function sameFields(left: Fields, right: Fields): boolean {
  if (left.size !== right.size) return false
  for (const [name, value] of left) {
    const other = right.get(name)
    if (other === undefined || !sameValue(value, other)) return false
  }
  return true
}
