import type { Int64, WireTimestamp, WireValue } from '#local/documents/wire/messages.ts'
import { failedPrecondition, invalidArgument } from '#local/documents/wire/status.ts'
import { type Fields, NULL, type Value } from './value.ts'

/** Deeper than this Firestore refuses a value. */
const MAX_DEPTH = 20
/** The years 1 to 9999. */
const MIN_SECONDS = -62_135_596_800
const MAX_SECONDS = 253_402_300_799

/** An int64 of protobufjs as a bigint. */
export function fromInt64(value: Int64 | number): bigint {
  if (typeof value === 'number') return BigInt(value)
  return (BigInt(value.high) << 32n) | BigInt(value.low >>> 0)
}

export function toInt64(value: bigint): Int64 {
  return { low: Number(BigInt.asIntN(32, value)), high: Number(BigInt.asIntN(32, value >> 32n)), unsigned: false }
}

/** Decodes a wire value. @throws StatusError INVALID_ARGUMENT for kinds that a stored value cannot have. */
export function fromWireValue(wire: WireValue, depth = 0): Value {
  if (depth > MAX_DEPTH) throw invalidArgument('Property is nested too deeply. Maximum depth is 20.')
  switch (wire.valueType) {
    case 'booleanValue':
      return { type: 'boolean', value: wire.booleanValue === true }
    case 'integerValue':
      return { type: 'integer', value: fromInt64(wire.integerValue ?? 0) }
    case 'doubleValue':
      return { type: 'double', value: wire.doubleValue ?? 0 }
    case 'timestampValue':
      return timestampValue(wire.timestampValue)
    case 'stringValue':
      return { type: 'string', value: wire.stringValue ?? '' }
    case 'bytesValue':
      // A copy: the decoder's view would keep the whole request alive.
      return { type: 'bytes', value: Uint8Array.from(wire.bytesValue ?? []) }
    case 'referenceValue':
      return { type: 'reference', value: wire.referenceValue ?? '' }
    case 'geoPointValue':
      return geoPointValue(wire.geoPointValue?.latitude ?? 0, wire.geoPointValue?.longitude ?? 0)
    case 'arrayValue':
      return { type: 'array', values: (wire.arrayValue?.values ?? []).map((item) => fromWireValue(item, depth + 1)) }
    case 'mapValue':
      return { type: 'map', fields: fromWireFields(wire.mapValue?.fields ?? {}, depth + 1) }
    case 'nullValue':
      return NULL
    case undefined:
      throw invalidArgument('A value must have a value type.')
    default:
      throw invalidArgument(`A value of kind ${wire.valueType} cannot be used here.`)
  }
}

export function fromWireFields(wire: Readonly<Record<string, WireValue>>, depth = 0): Fields {
  const fields = new Map<string, Value>()
  for (const name of Object.keys(wire)) {
    const value = wire[name]
    if (value === undefined) continue
    if (name === '') throw invalidArgument('The name of a property cannot be empty.')
    fields.set(name, fromWireValue(value, depth))
  }
  return fields
}

function timestampValue(wire: WireTimestamp | undefined): Value {
  const seconds = Number(fromInt64(wire?.seconds ?? 0))
  if (seconds < MIN_SECONDS || seconds > MAX_SECONDS) {
    throw invalidArgument('A timestamp must lie from 0001-01-01T00:00:00Z to 9999-12-31T23:59:59Z.')
  }
  // Firestore keeps microseconds and rounds towards the past.
  const nanos = Math.floor((wire?.nanos ?? 0) / 1000) * 1000
  return { type: 'timestamp', seconds, nanos }
}

function geoPointValue(latitude: number, longitude: number): Value {
  if (!(Math.abs(latitude) <= 90)) throw invalidArgument('Latitude must be in the range of [-90, 90].')
  if (!(Math.abs(longitude) <= 180)) throw invalidArgument('Longitude must be in the range of [-180, 180].')
  return { type: 'geoPoint', latitude, longitude }
}

export function toWireValue(value: Value): WireValue {
  switch (value.type) {
    case 'null':
      return { nullValue: 0 }
    case 'boolean':
      return { booleanValue: value.value }
    case 'integer':
      return { integerValue: toInt64(value.value) }
    case 'double':
      return { doubleValue: value.value }
    case 'timestamp':
      return { timestampValue: { seconds: toInt64(BigInt(value.seconds)), nanos: value.nanos } }
    case 'string':
      return { stringValue: value.value }
    case 'bytes':
      return { bytesValue: value.value }
    case 'reference':
      return { referenceValue: value.value }
    case 'geoPoint':
      return { geoPointValue: { latitude: value.latitude, longitude: value.longitude } }
    case 'array':
      return { arrayValue: { values: value.values.map(toWireValue) } }
    case 'map':
      return { mapValue: { fields: toWireFields(value.fields) } }
    default:
      throw failedPrecondition(`Unknown value ${value satisfies never}`)
  }
}

export function toWireFields(fields: Fields): Record<string, WireValue> {
  const wire: Record<string, WireValue> = {}
  for (const [name, value] of fields) wire[name] = toWireValue(value)
  return wire
}
