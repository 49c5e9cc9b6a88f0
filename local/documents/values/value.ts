/** One Firestore value inside the server. Integers are bigints: exact, and comparable with doubles without rounding. */
export type Value =
  | { type: 'null' }
  | { type: 'boolean'; value: boolean }
  | { type: 'integer'; value: bigint }
  | { type: 'double'; value: number }
  | { type: 'timestamp'; seconds: number; nanos: number }
  | { type: 'string'; value: string }
  | { type: 'bytes'; value: Uint8Array }
  | { type: 'reference'; value: string }
  | { type: 'geoPoint'; latitude: number; longitude: number }
  | { type: 'array'; values: readonly Value[] }
  | { type: 'map'; fields: Fields }

export type ValueOf<T extends Value['type']> = Extract<Value, { type: T }>

/** The fields of a document or a map, by name. */
export type Fields = ReadonlyMap<string, Value>

export const NULL: Value = { type: 'null' }

export const reference = (name: string): Value => ({ type: 'reference', value: name })
export const integer = (value: bigint): Value => ({ type: 'integer', value })
export const double = (value: number): Value => ({ type: 'double', value })
export const map = (fields: Fields): Value => ({ type: 'map', fields })

export function isNaNValue(value: Value): boolean {
  return value.type === 'double' && Number.isNaN(value.value)
}

/** The doubles of a vector, which travels as the map `{__type__: "__vector__", value: [doubles]}`; null for other values. */
export function vectorOf(value: Value): readonly Value[] | null {
  if (value.type !== 'map') return null
  const kind = value.fields.get('__type__')
  const elements = value.fields.get('value')
  if (kind?.type !== 'string' || kind.value !== '__vector__' || elements?.type !== 'array') return null
  return elements.values
}

/** The fields of a map; a vector is one value, whose inside nobody reaches by a path. */
export function fieldsOf(value: Value | undefined): Fields | null {
  return value?.type === 'map' && vectorOf(value) === null ? value.fields : null
}
