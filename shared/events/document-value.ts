import type { ValueJson } from './document-event-data.ts'
import { badField } from './event-error.ts'
import { parseTimestamp } from './timestamp.ts'

/** A place on earth, in degrees. */
export class GeoPoint {
  readonly latitude: number
  readonly longitude: number

  constructor(latitude: number, longitude: number) {
    this.latitude = latitude
    this.longitude = longitude
  }
}

/** A pointer to another document, by its full resource name. */
export class Reference {
  /** `projects/P/databases/D/documents/…` */
  readonly name: string

  constructor(name: string) {
    this.name = name
  }
}

/** An embedding: Firestore stores it as a map with a reserved type tag. */
export class Vector {
  readonly values: readonly number[]

  constructor(values: readonly number[]) {
    this.values = values
  }
}

/**
 * A field's value in plain JavaScript. An integer that a number can't hold exactly comes as a bigint; a timestamp comes
 * as a Date, whose milliseconds are enough for every field of ours (the document's own times keep their full precision).
 */
export type DocumentValue =
  | null
  | boolean
  | number
  | bigint
  | string
  | Date
  | Uint8Array
  | GeoPoint
  | Reference
  | Vector
  | DocumentValue[]
  | { [field: string]: DocumentValue }

/**
 * Turns a map of proto3 JSON values into plain ones. A field of a kind that Firestore may add one day is left out: it
 * must not make the document unreadable for those who never ask for it.
 */
export function toPlainFields(fields: Record<string, ValueJson>): Record<string, DocumentValue> {
  const plain: [string, DocumentValue][] = []
  for (const [name, value] of Object.entries(fields)) {
    const known = toPlainValue(value)
    if (known !== undefined) plain.push([name, known])
  }
  return Object.fromEntries(plain)
}

function toPlainValue(value: ValueJson): DocumentValue | undefined {
  if ('nullValue' in value) return null
  if ('booleanValue' in value) return value.booleanValue
  if ('integerValue' in value) return toInteger(value.integerValue)
  if ('doubleValue' in value) return Number(value.doubleValue)
  if ('timestampValue' in value) return toDate(value.timestampValue)
  if ('stringValue' in value) return value.stringValue
  if ('bytesValue' in value) return new Uint8Array(Buffer.from(value.bytesValue, 'base64'))
  if ('referenceValue' in value) return new Reference(value.referenceValue)
  if ('geoPointValue' in value)
    return new GeoPoint(value.geoPointValue.latitude ?? 0, value.geoPointValue.longitude ?? 0)
  if ('arrayValue' in value) return (value.arrayValue.values ?? []).map((element) => toPlainValue(element) ?? null)
  if ('mapValue' in value) return toVector(value.mapValue.fields) ?? toPlainFields(value.mapValue.fields ?? {})
  return undefined
}

function toInteger(digits: string): number | bigint {
  const number = Number(digits)
  return Number.isSafeInteger(number) ? number : BigInt(digits)
}

function toDate(text: string): Date {
  const instant = parseTimestamp(text)
  if (instant === null) throw badField('timestampValue', 'an RFC 3339 time')
  return new Date(instant.seconds * 1000 + Math.floor(instant.nanos / 1_000_000))
}

/** A map `{__type__: "__vector__", value: [doubles]}` is a vector; anything else about it makes it a plain map. */
function toVector(fields: Record<string, ValueJson> | undefined): Vector | null {
  const tag = fields?.__type__
  const content = fields?.value
  if (tag === undefined || content === undefined) return null
  if (!('stringValue' in tag) || tag.stringValue !== '__vector__' || !('arrayValue' in content)) return null
  const values = (content.arrayValue.values ?? []).map(toPlainValue)
  return values.every((value) => typeof value === 'number') ? new Vector(values) : null
}
