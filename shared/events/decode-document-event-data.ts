import {
  type DocumentEventDataJson,
  type DocumentJson,
  MAX_VALUE_DEPTH,
  type ValueJson,
} from './document-event-data.ts'
import { formatTimestamp, isInstant } from './timestamp.ts'
import { malformed, WireReader } from './wire-reader.ts'

/** Keys as they stand on the wire: field number × 8 + wire type (0 varint, 1 double, 2 length-delimited). */
const EVENT = { value: 10, oldValue: 18, updateMask: 26 } as const
const MASK = { fieldPath: 10 } as const
const DOCUMENT = { name: 10, field: 18, createTime: 26, updateTime: 34 } as const
const ENTRY = { key: 10, value: 18 } as const
const TIMESTAMP = { seconds: 8, nanos: 16 } as const
const GEO_POINT = { latitude: 9, longitude: 17 } as const
const ARRAY = { value: 10 } as const
const MAP = { field: 10 } as const
const VALUE = {
  boolean: 8,
  integer: 16,
  double: 25,
  reference: 42,
  map: 50,
  geoPoint: 66,
  array: 74,
  timestamp: 82,
  null: 88,
  string: 138,
  bytes: 146,
} as const

/**
 * Decodes a protobuf DocumentEventData (contract: Eventarc, Firestore bodies) to its proto3 JSON form, equal to what
 * Google's own protobuf libraries print. Throws UndecodableEventError (`malformed-protobuf`).
 *
 * Read by hand and not with protobufjs: its 64-bit integers depend on an optional `require` that a bundle loses without
 * a word, and a service must answer its first event within milliseconds of its start.
 */
export function decodeDocumentEventData(bytes: Uint8Array): DocumentEventDataJson {
  const reader = new WireReader(bytes)
  const event: DocumentEventDataJson = {}
  while (!reader.done) {
    const key = reader.key()
    if (key === EVENT.value) event.value = decodeDocument(reader.bytes())
    else if (key === EVENT.oldValue) event.oldValue = decodeDocument(reader.bytes())
    else if (key === EVENT.updateMask) event.updateMask = decodeMask(reader.bytes())
    else reader.skip(key)
  }
  return event
}

/** Decodes one protobuf `google.firestore.v1.Document` to its proto3 JSON form. Throws UndecodableEventError. */
export function decodeDocument(bytes: Uint8Array): DocumentJson {
  const reader = new WireReader(bytes)
  const document: DocumentJson = {}
  const fields: [string, ValueJson][] = []
  while (!reader.done) {
    const key = reader.key()
    if (key === DOCUMENT.name) document.name = reader.string()
    else if (key === DOCUMENT.field) fields.push(decodeEntry(reader.bytes(), 1))
    else if (key === DOCUMENT.createTime) document.createTime = decodeTimestamp(reader.bytes())
    else if (key === DOCUMENT.updateTime) document.updateTime = decodeTimestamp(reader.bytes())
    else reader.skip(key)
  }
  if (document.name === '') delete document.name
  if (fields.length > 0) document.fields = Object.fromEntries(fields)
  return document
}

function decodeMask(bytes: Uint8Array): { fieldPaths?: string[] } {
  const reader = new WireReader(bytes)
  const fieldPaths: string[] = []
  while (!reader.done) {
    const key = reader.key()
    if (key === MASK.fieldPath) fieldPaths.push(reader.string())
    else reader.skip(key)
  }
  return fieldPaths.length > 0 ? { fieldPaths } : {}
}

/** One entry of a map field. Object.fromEntries takes them, so that a field called `__proto__` stays a field. */
function decodeEntry(bytes: Uint8Array, depth: number): [string, ValueJson] {
  const reader = new WireReader(bytes)
  let name = ''
  let value: ValueJson = {}
  while (!reader.done) {
    const key = reader.key()
    if (key === ENTRY.key) name = reader.string()
    else if (key === ENTRY.value) value = decodeValue(reader.bytes(), depth)
    else reader.skip(key)
  }
  return [name, value]
}

function decodeValue(bytes: Uint8Array, depth: number): ValueJson {
  if (depth > MAX_VALUE_DEPTH) throw malformed(`its values are nested more than ${MAX_VALUE_DEPTH} deep`)
  const reader = new WireReader(bytes)
  let value: ValueJson = {}
  while (!reader.done) value = decodeMember(reader, value, depth)
  return value
}

/** Reads the next member of the oneof; of several the last one counts, as the specification says. */
function decodeMember(reader: WireReader, previous: ValueJson, depth: number): ValueJson {
  const key = reader.key()
  switch (key) {
    case VALUE.boolean:
      return { booleanValue: reader.int64() !== 0n }
    case VALUE.integer:
      return { integerValue: reader.int64().toString() }
    case VALUE.double:
      return { doubleValue: doubleToJson(reader.double()) }
    case VALUE.reference:
      return { referenceValue: reader.string() }
    case VALUE.map:
      return { mapValue: decodeMap(reader.bytes(), depth) }
    case VALUE.geoPoint:
      return { geoPointValue: decodeGeoPoint(reader.bytes()) }
    case VALUE.array:
      return { arrayValue: decodeArray(reader.bytes(), depth) }
    case VALUE.timestamp:
      return { timestampValue: decodeTimestamp(reader.bytes()) }
    case VALUE.null:
      reader.int64()
      return { nullValue: null }
    case VALUE.string:
      return { stringValue: reader.string() }
    case VALUE.bytes:
      return { bytesValue: bytesToJson(reader.bytes()) }
    default:
      reader.skip(key)
      return previous
  }
}

function decodeMap(bytes: Uint8Array, depth: number): { fields?: Record<string, ValueJson> } {
  const reader = new WireReader(bytes)
  const fields: [string, ValueJson][] = []
  while (!reader.done) {
    const key = reader.key()
    if (key === MAP.field) fields.push(decodeEntry(reader.bytes(), depth + 1))
    else reader.skip(key)
  }
  return fields.length > 0 ? { fields: Object.fromEntries(fields) } : {}
}

function decodeArray(bytes: Uint8Array, depth: number): { values?: ValueJson[] } {
  const reader = new WireReader(bytes)
  const values: ValueJson[] = []
  while (!reader.done) {
    const key = reader.key()
    if (key === ARRAY.value) values.push(decodeValue(reader.bytes(), depth + 1))
    else reader.skip(key)
  }
  return values.length > 0 ? { values } : {}
}

function decodeGeoPoint(bytes: Uint8Array): { latitude?: number; longitude?: number } {
  const reader = new WireReader(bytes)
  const point: { latitude?: number; longitude?: number } = {}
  while (!reader.done) {
    const key = reader.key()
    if (key === GEO_POINT.latitude) point.latitude = reader.double()
    else if (key === GEO_POINT.longitude) point.longitude = reader.double()
    else reader.skip(key)
  }
  return point
}

function decodeTimestamp(bytes: Uint8Array): string {
  const reader = new WireReader(bytes)
  const instant = { seconds: 0, nanos: 0 }
  while (!reader.done) {
    const key = reader.key()
    if (key === TIMESTAMP.seconds) instant.seconds = Number(reader.int64())
    else if (key === TIMESTAMP.nanos) instant.nanos = Number(reader.int64())
    else reader.skip(key)
  }
  if (!isInstant(instant)) throw malformed('a timestamp lies outside the years 1 to 9999')
  return formatTimestamp(instant)
}

function doubleToJson(value: number): number | 'NaN' | 'Infinity' | '-Infinity' {
  if (Number.isNaN(value)) return 'NaN'
  if (value === Number.POSITIVE_INFINITY) return 'Infinity'
  return value === Number.NEGATIVE_INFINITY ? '-Infinity' : value
}

function bytesToJson(bytes: Uint8Array): string {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength).toString('base64')
}
