import {
  type DocumentEventDataJson,
  type DocumentJson,
  MAX_VALUE_DEPTH,
  type ValueJson,
} from './document-event-data.ts'
import { badField } from './event-error.ts'
import { formatTimestamp, parseTimestamp } from './timestamp.ts'

type JsonObject = Record<string, unknown>

const INT64_MIN = -(2n ** 63n)
const INT64_MAX = 2n ** 63n - 1n
const BASE64 = /^[A-Za-z0-9+/_-]*={0,2}$/

/**
 * Checks a DocumentEventData that came as proto3 JSON and brings it to the canonical form that `decodeDocumentEventData`
 * gives: as the JSON mapping asks of a reader, either spelling of a name, numbers as numbers or strings, null as absent.
 * Throws UndecodableEventError (`bad-field`, with the path). A walk and not a schema, because it also rewrites, keeps
 * fields named `__proto__`, and must end with a sentence, not a stack overflow, however deep the values nest.
 */
export function parseDocumentEventDataJson(json: unknown): DocumentEventDataJson {
  const body = objectAt(json, 'body')
  const value = optional(body, 'value')
  const oldValue = optional(body, 'oldValue', 'old_value')
  const updateMask = optional(body, 'updateMask', 'update_mask')
  return {
    ...(value === undefined ? {} : { value: parseDocument(value, 'value') }),
    ...(oldValue === undefined ? {} : { oldValue: parseDocument(oldValue, 'oldValue') }),
    ...(updateMask === undefined ? {} : { updateMask: parseMask(updateMask) }),
  }
}

function parseDocument(json: unknown, path: string): DocumentJson {
  const document = objectAt(json, path)
  const name = optional(document, 'name')
  const fields = optional(document, 'fields')
  const createTime = optional(document, 'createTime', 'create_time')
  const updateTime = optional(document, 'updateTime', 'update_time')
  return {
    ...(name === undefined || name === '' ? {} : { name: stringAt(name, `${path}.name`) }),
    ...parseFields(fields, `${path}.fields`, 1),
    ...(createTime === undefined ? {} : { createTime: timestampAt(createTime, `${path}.createTime`) }),
    ...(updateTime === undefined ? {} : { updateTime: timestampAt(updateTime, `${path}.updateTime`) }),
  }
}

function parseMask(json: unknown): { fieldPaths?: string[] } {
  // The JSON mapping writes google.protobuf.FieldMask as one comma-separated text, but this is a message of its own.
  const fieldPaths = optional(objectAt(json, 'updateMask'), 'fieldPaths', 'field_paths')
  if (fieldPaths === undefined) return {}
  const paths = arrayAt(fieldPaths, 'updateMask.fieldPaths').map((one) => stringAt(one, 'updateMask.fieldPaths'))
  return paths.length > 0 ? { fieldPaths: paths } : {}
}

function parseFields(json: unknown, path: string, depth: number): { fields?: Record<string, ValueJson> } {
  if (json === undefined) return {}
  const entries = Object.entries(objectAt(json, path))
  if (entries.length === 0) return {}
  // Object.fromEntries defines each one, so that a field called `__proto__` stays a field.
  return {
    fields: Object.fromEntries(entries.map(([name, value]) => [name, parseValue(value, `${path}.${name}`, depth)])),
  }
}

function parseValue(json: unknown, path: string, depth: number): ValueJson {
  if (depth > MAX_VALUE_DEPTH) throw badField('value', `nested at most ${MAX_VALUE_DEPTH} deep`)
  const members = Object.entries(objectAt(json, path)).filter(([kind, content]) => content !== null || isNullKind(kind))
  const [member] = members
  if (member === undefined) return {}
  if (members.length > 1) throw badField(path, 'a value of one kind')
  return parseMember(member[0], member[1], path, depth)
}

/** `nullValue` is the one member whose content may be null; for the others null means absent. */
function isNullKind(kind: string): boolean {
  return kind === 'nullValue' || kind === 'null_value'
}

function parseMember(kind: string, content: unknown, path: string, depth: number): ValueJson {
  switch (kind) {
    case 'nullValue':
    case 'null_value':
      return { nullValue: null }
    case 'booleanValue':
    case 'boolean_value':
      if (typeof content !== 'boolean') throw badField(path, 'a boolean')
      return { booleanValue: content }
    case 'integerValue':
    case 'integer_value':
      return { integerValue: integerAt(content, path) }
    case 'doubleValue':
    case 'double_value':
      return { doubleValue: doubleAt(content, path) }
    case 'timestampValue':
    case 'timestamp_value':
      return { timestampValue: timestampAt(content, path) }
    case 'stringValue':
    case 'string_value':
      return { stringValue: stringAt(content, path) }
    case 'bytesValue':
    case 'bytes_value':
      return { bytesValue: base64At(content, path) }
    case 'referenceValue':
    case 'reference_value':
      return { referenceValue: stringAt(content, path) }
    case 'geoPointValue':
    case 'geo_point_value':
      return { geoPointValue: geoPointAt(content, path) }
    case 'arrayValue':
    case 'array_value':
      return { arrayValue: arrayValueAt(content, path, depth) }
    case 'mapValue':
    case 'map_value':
      return { mapValue: parseFields(optional(objectAt(content, path), 'fields'), path, depth + 1) }
    default:
      return {}
  }
}

function arrayValueAt(json: unknown, path: string, depth: number): { values?: ValueJson[] } {
  const values = optional(objectAt(json, path), 'values')
  if (values === undefined) return {}
  const parsed = arrayAt(values, path).map((value, index) => parseValue(value, `${path}[${index}]`, depth + 1))
  return parsed.length > 0 ? { values: parsed } : {}
}

function geoPointAt(json: unknown, path: string): { latitude?: number; longitude?: number } {
  const point = objectAt(json, path)
  const latitude = optional(point, 'latitude')
  const longitude = optional(point, 'longitude')
  return {
    ...(latitude === undefined ? {} : { latitude: Number(doubleAt(latitude, `${path}.latitude`)) }),
    ...(longitude === undefined ? {} : { longitude: Number(doubleAt(longitude, `${path}.longitude`)) }),
  }
}

function integerAt(json: unknown, path: string): string {
  const isWhole = typeof json === 'string' ? /^-?\d{1,19}$/.test(json) : Number.isSafeInteger(json)
  if (!isWhole) throw badField(path, 'a 64-bit integer')
  const integer = BigInt(String(json))
  if (integer < INT64_MIN || integer > INT64_MAX) throw badField(path, 'a 64-bit integer')
  return integer.toString()
}

function doubleAt(json: unknown, path: string): number | 'NaN' | 'Infinity' | '-Infinity' {
  if (json === 'NaN' || json === 'Infinity' || json === '-Infinity') return json
  const number = typeof json === 'string' && json.trim() !== '' ? Number(json) : json
  if (typeof number !== 'number' || !Number.isFinite(number)) throw badField(path, 'a number')
  return number
}

function timestampAt(json: unknown, path: string): string {
  const instant = typeof json === 'string' ? parseTimestamp(json) : null
  if (instant === null) throw badField(path, 'an RFC 3339 time')
  return formatTimestamp(instant)
}

function base64At(json: unknown, path: string): string {
  if (typeof json !== 'string' || !BASE64.test(json)) throw badField(path, 'base64')
  return Buffer.from(json, 'base64').toString('base64')
}

function stringAt(json: unknown, path: string): string {
  if (typeof json !== 'string') throw badField(path, 'a string')
  return json
}

function arrayAt(json: unknown, path: string): unknown[] {
  if (!Array.isArray(json)) throw badField(path, 'an array')
  return json
}

function objectAt(json: unknown, path: string): JsonObject {
  if (typeof json !== 'object' || json === null || Array.isArray(json)) throw badField(path, 'an object')
  return json as JsonObject // just checked; its members stay unknown
}

/** A member under its JSON name or its proto name; null is absent in proto3 JSON. */
function optional(object: JsonObject, ...names: string[]): unknown {
  for (const name of names) {
    const value = Object.hasOwn(object, name) ? object[name] : undefined
    if (value !== undefined && value !== null) return value
  }
  return undefined
}
