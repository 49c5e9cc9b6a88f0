/** A value as the official low-level client reads and writes it. */
export interface WireValue {
  nullValue?: 'NULL_VALUE' | null
  booleanValue?: boolean | null
  integerValue?: string | number | null
  doubleValue?: number | null
  timestampValue?: { seconds?: string | number | null; nanos?: number | null } | null
  stringValue?: string | null
  bytesValue?: Uint8Array | null
  referenceValue?: string | null
  geoPointValue?: { latitude?: number | null; longitude?: number | null } | null
  arrayValue?: { values?: WireValue[] | null } | null
  mapValue?: { fields?: Record<string, WireValue> | null } | null
  valueType?: string
}

type Json = null | boolean | number | string | Json[] | { [name: string]: Json }

const TIMESTAMP = /^(\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d)(?:\.(\d{1,9}))?Z$/

/**
 * A Firestore value as JSON that people can write: null, booleans, strings, lists and maps as they are, whole numbers as integers
 * and others as doubles. The rest is an object with one key: `$double` (whole, or not finite), `$integer` (beyond 2^53),
 * `$timestamp`, `$bytes`, `$reference` (a path), `$geoPoint`, `$vector`; and `$map` for a map that looks like one of these.
 */
export function toJson(value: WireValue, root: string): Json {
  switch (value.valueType) {
    case 'booleanValue':
      return value.booleanValue ?? false
    case 'integerValue': {
      const integer = BigInt(value.integerValue ?? 0)
      return Number.isSafeInteger(Number(integer)) ? Number(integer) : { $integer: String(integer) }
    }
    case 'doubleValue':
      return doubleToJson(Number(value.doubleValue))
    case 'timestampValue':
      return { $timestamp: timestampText(value.timestampValue ?? {}) }
    case 'stringValue':
      return value.stringValue ?? ''
    case 'bytesValue':
      return { $bytes: Buffer.from(value.bytesValue ?? []).toString('base64') }
    case 'referenceValue': {
      const name = value.referenceValue ?? ''
      return { $reference: name.startsWith(`${root}/`) ? name.slice(root.length + 1) : name }
    }
    case 'geoPointValue':
      return { $geoPoint: [value.geoPointValue?.latitude ?? 0, value.geoPointValue?.longitude ?? 0] }
    case 'arrayValue':
      return (value.arrayValue?.values ?? []).map((item) => toJson(item, root))
    case 'mapValue':
      return mapToJson(value.mapValue?.fields ?? {}, root)
    default:
      return null
  }
}

/** All fields of a document or a map. */
export function fieldsToJson(fields: Record<string, WireValue>, root: string): Record<string, Json> {
  return Object.fromEntries(Object.entries(fields).map(([name, value]) => [name, toJson(value, root)]))
}

function mapToJson(fields: Record<string, WireValue>, root: string): Json {
  if (fields.__type__?.stringValue === '__vector__') {
    const elements = fields.value?.arrayValue?.values ?? []
    return { $vector: elements.map(({ doubleValue }) => plainDouble(Number(doubleValue)) ?? String(doubleValue)) }
  }
  const json = fieldsToJson(fields, root)
  return tagOf(json) === null ? json : { $map: json }
}

function doubleToJson(double: number): Json {
  const plain = plainDouble(double)
  if (plain !== null && !Number.isInteger(plain)) return plain
  return { $double: plain ?? (Object.is(double, -0) ? '-0' : String(double)) }
}

/** Null where JSON has no number for it. */
function plainDouble(double: number): number | null {
  return Number.isFinite(double) && !Object.is(double, -0) ? double : null
}

function timestampText({ seconds, nanos }: NonNullable<WireValue['timestampValue']>): string {
  const whole = new Date(Number(seconds ?? 0) * 1000).toISOString().replace(/\.000Z$/, '')
  const fraction = nanos ? `.${String(nanos).padStart(9, '0').replace(/0+$/, '')}` : ''
  return `${whole}${fraction}Z`
}

/** The only key of an object, if it looks like one of ours. */
function tagOf(object: object): string | null {
  const [key, another] = Object.keys(object)
  return key?.startsWith('$') && another === undefined ? key : null
}

/** The value that JSON stands for. @throws TypeError saying what is wrong with it. */
function fromJson(json: unknown, root: string): WireValue {
  if (json === null) return { nullValue: 'NULL_VALUE' }
  if (typeof json === 'boolean') return { booleanValue: json }
  if (typeof json === 'string') return { stringValue: json }
  if (typeof json === 'number') {
    return Number.isSafeInteger(json) ? { integerValue: String(json) } : { doubleValue: json }
  }
  if (Array.isArray(json)) return { arrayValue: { values: json.map((item) => fromJson(item, root)) } }
  if (typeof json !== 'object') throw new TypeError(`There is no value for ${String(json)}.`)
  const tag = tagOf(json)
  if (tag === null) return { mapValue: { fields: fieldsFromJson(json, root) } }
  return tagged(tag, (json as Record<string, unknown>)[tag], root)
}

export function fieldsFromJson(json: object, root: string): Record<string, WireValue> {
  return Object.fromEntries(Object.entries(json).map(([name, value]) => [name, fromJson(value, root)]))
}

function tagged(tag: string, content: unknown, root: string): WireValue {
  const wrong = () => new TypeError(`${tag} cannot hold ${JSON.stringify(content)}.`)
  switch (tag) {
    case '$integer':
      if (!/^-?\d+$/.test(String(content))) throw wrong()
      return { integerValue: String(content) }
    case '$double':
      return { doubleValue: doubleOf(content, wrong) }
    case '$timestamp': {
      const match = TIMESTAMP.exec(String(content))
      const ms = Date.parse(`${match?.[1]}Z`)
      if (match === null || Number.isNaN(ms)) throw wrong()
      return { timestampValue: { seconds: ms / 1000, nanos: Number((match[2] ?? '').padEnd(9, '0')) } }
    }
    case '$bytes':
      if (typeof content !== 'string') throw wrong()
      return { bytesValue: Buffer.from(content, 'base64') }
    case '$reference':
      if (typeof content !== 'string') throw wrong()
      return { referenceValue: content.startsWith('projects/') ? content : `${root}/${content}` }
    case '$geoPoint': {
      const [latitude, longitude]: unknown[] = Array.isArray(content) ? content : []
      if (typeof latitude !== 'number' || typeof longitude !== 'number') throw wrong()
      return { geoPointValue: { latitude, longitude } }
    }
    case '$vector': {
      if (!Array.isArray(content)) throw wrong()
      const values = content.map((element: unknown) => ({ doubleValue: doubleOf(element, wrong) }))
      return { mapValue: { fields: { __type__: { stringValue: '__vector__' }, value: { arrayValue: { values } } } } }
    }
    case '$map':
      if (typeof content !== 'object' || content === null || Array.isArray(content)) throw wrong()
      return { mapValue: { fields: fieldsFromJson(content, root) } }
    default:
      throw new TypeError(`There is no kind of value ${tag}.`)
  }
}

function doubleOf(content: unknown, wrong: () => TypeError): number {
  if (typeof content === 'number') return content
  if (content === '-0' || content === 'NaN' || content === 'Infinity' || content === '-Infinity') return Number(content)
  throw wrong()
}
