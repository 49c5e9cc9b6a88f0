import { fromWireValue } from '#local/documents/values/codec.ts'
import { compareNumeric, valuesEqual } from '#local/documents/values/order.ts'
import { double, integer, NULL, type Value, type ValueOf } from '#local/documents/values/value.ts'
import type { WireFieldTransform, WireValue } from '#local/documents/wire/messages.ts'
import { invalidArgument } from '#local/documents/wire/status.ts'

const REQUEST_TIME = 1
const INT64_MAX = 2n ** 63n - 1n
const INT64_MIN = -(2n ** 63n)

type Numeric = ValueOf<'integer' | 'double'>

/** What a transform does to a field: the new value and what the write's result says of it. */
export interface TransformOutcome {
  value: Value
  result: Value
}

/** Applies one field transform to the field's present value. @throws StatusError INVALID_ARGUMENT for a bad operand. */
export function applyTransform(
  transform: WireFieldTransform,
  present: Value | undefined,
  commitTime: Value,
): TransformOutcome {
  switch (transform.transformType) {
    case 'setToServerValue':
      if (transform.setToServerValue !== REQUEST_TIME) throw invalidArgument('Unknown server value.')
      return { value: commitTime, result: commitTime }
    case 'increment':
      return both(increment(present, numericOperand(transform.increment)))
    case 'maximum':
      return both(extreme(present, numericOperand(transform.maximum), 1))
    case 'minimum':
      return both(extreme(present, numericOperand(transform.minimum), -1))
    case 'appendMissingElements':
      return { value: union(present, elements(transform.appendMissingElements.values)), result: NULL }
    case 'removeAllFromArray':
      return { value: difference(present, elements(transform.removeAllFromArray.values)), result: NULL }
    default:
      throw invalidArgument('A field transform must say what it does.')
  }
}

const both = (value: Value): TransformOutcome => ({ value, result: value })

function numericOperand(wire: WireValue): Numeric {
  const operand = fromWireValue(wire)
  if (operand.type === 'integer' || operand.type === 'double') return operand
  throw invalidArgument('The operand of a numeric transform must be a number.')
}

function isNumeric(value: Value | undefined): value is Numeric {
  return value?.type === 'integer' || value?.type === 'double'
}

/** Integers stop at the ends of 64 bits; with a double on either side the sum is a double. */
function increment(present: Value | undefined, operand: Numeric): Value {
  if (!isNumeric(present)) return operand
  if (present.type === 'double' || operand.type === 'double') {
    return double(Number(present.value) + Number(operand.value))
  }
  const sum = present.value + operand.value
  return integer(sum > INT64_MAX ? INT64_MAX : sum < INT64_MIN ? INT64_MIN : sum)
}

/** Of equal numbers (also 3 and 3.0, 0.0 and -0.0) the stored one stays. NaN with anything gives NaN. */
function extreme(present: Value | undefined, operand: Numeric, sign: 1 | -1): Value {
  if (!isNumeric(present)) return operand
  if (isNaNValue(present)) return present
  if (isNaNValue(operand)) return operand
  return compareNumeric(operand.value, present.value) * sign > 0 ? operand : present
}

const isNaNValue = (value: Numeric) => value.type === 'double' && Number.isNaN(value.value)

function elements(wire: WireValue[] | undefined): Value[] {
  return (wire ?? []).map((item) => fromWireValue(item, 1))
}

function union(present: Value | undefined, added: readonly Value[]): Value {
  const values = present?.type === 'array' ? [...present.values] : []
  for (const item of added) if (!values.some((known) => valuesEqual(known, item))) values.push(item)
  return { type: 'array', values }
}

function difference(present: Value | undefined, removed: readonly Value[]): Value {
  const values = present?.type === 'array' ? present.values : []
  return { type: 'array', values: values.filter((item) => !removed.some((gone) => valuesEqual(item, gone))) }
}
