import protobuf from 'protobufjs'
import { decodeDocumentEventData } from '#shared/events/decode-document-event-data.ts'
import type { DocumentEventDataJson, ValueJson } from '#shared/events/document-event-data.ts'
import { parseTimestamp } from '#shared/events/timestamp.ts'
import { seededRandom } from '../../../support/seeded-random.ts'

const PROTO = `
syntax = "proto3";
message DocumentEventData { Document value = 1; Document old_value = 2; DocumentMask update_mask = 3; }
message DocumentMask { repeated string field_paths = 1; }
message Document { string name = 1; map<string, Value> fields = 2; Timestamp create_time = 3; Timestamp update_time = 4; }
message Timestamp { int64 seconds = 1; int32 nanos = 2; }
message LatLng { double latitude = 1; double longitude = 2; }
message ArrayValue { repeated Value values = 1; }
message MapValue { map<string, Value> fields = 1; }
message Value { oneof value_type {
  bool boolean_value = 1; int64 integer_value = 2; double double_value = 3; string reference_value = 5; MapValue map_value = 6;
  LatLng geo_point_value = 8; ArrayValue array_value = 9; Timestamp timestamp_value = 10; int32 null_value = 11;
  string string_value = 17; bytes bytes_value = 18; } }
`
const DocumentEventData = protobuf.parse(PROTO).root.lookupType('DocumentEventData')

/** Another implementation's encoding of the same event. */
function encode(event: DocumentEventDataJson): Uint8Array {
  return DocumentEventData.encode(DocumentEventData.fromObject(toMessage(event) as Record<string, unknown>)).finish()
}

/** protobufjs knows neither well-known times nor the names of special doubles. */
function toMessage(json: unknown): unknown {
  if (Array.isArray(json)) return json.map(toMessage)
  if (typeof json !== 'object' || json === null) return json
  return Object.fromEntries(
    Object.entries(json).map(([key, value]) => {
      if (key === 'nullValue') return [key, 0]
      if (key === 'doubleValue') return [key, Number(value)]
      if (key.endsWith('Time') || key === 'timestampValue') return [key, parseTimestamp(String(value))]
      return [key, toMessage(value)]
    }),
  )
}

function randomEvent(random: () => number): DocumentEventDataJson {
  const pick = <T>(...choices: T[]): T => choices[Math.floor(random() * choices.length)] as T
  const text = () => pick('', 'a', 'zoë', '日本語', '😀', '\ufeffbom', ' space ', '%2F', 'x'.repeat(200))
  const int64 = () =>
    BigInt.asIntN(64, BigInt(Math.floor(random() * 2 ** 52)) << BigInt(Math.floor(random() * 13))).toString()
  const double = () =>
    pick<number | 'NaN' | 'Infinity' | '-Infinity'>(random() * 1e9, -0, 0, 5e-324, 'NaN', 'Infinity', '-Infinity')
  const time = () =>
    pick(
      '0001-01-01T00:00:00Z',
      '1969-12-31T23:59:59.999Z',
      '2026-11-20T09:43:33.609403Z',
      '9999-12-31T23:59:59.999999999Z',
    )
  const fields = (depth: number) => {
    const entries = Array.from(
      { length: Math.floor(random() * 4) },
      (_, index) => [`${text()}${index}`, value(depth)] as const,
    )
    return entries.length > 0 ? { fields: Object.fromEntries(entries) } : {}
  }
  const list = (depth: number) => {
    const values = Array.from({ length: Math.floor(random() * 4) }, () => value(depth))
    return values.length > 0 ? { values } : {}
  }
  const value = (depth: number): ValueJson =>
    pick<() => ValueJson>(
      () => ({ nullValue: null }),
      () => ({ booleanValue: pick(true, false) }),
      () => ({ integerValue: pick('0', '-1', '9223372036854775807', '-9223372036854775808', int64()) }),
      () => ({ doubleValue: double() }),
      () => ({ timestampValue: time() }),
      () => ({ stringValue: text() }),
      () => ({ bytesValue: Buffer.from(text()).toString('base64') }),
      () => ({ referenceValue: text() }),
      () => ({ geoPointValue: pick({}, { latitude: random() * 90 }, { latitude: -1.5, longitude: 180 }) }),
      () => (depth > 5 ? { nullValue: null } : { arrayValue: list(depth + 1) }),
      () => (depth > 5 ? { nullValue: null } : { mapValue: fields(depth + 1) }),
    )()
  const document = () => ({
    name: `projects/p/databases/d/documents/c/${text()}i`,
    ...fields(0),
    createTime: time(),
    updateTime: time(),
  })
  return {
    ...(pick(true, false) ? { value: document() } : {}),
    ...(pick(true, false) ? { oldValue: document() } : {}),
    updateMask: pick({}, { fieldPaths: ['a', '`b.c`'] }),
  }
}

test('whatever another protobuf implementation encodes is decoded to the same', () => {
  const random = seededRandom(20_261_121)
  const kinds = new Set<string>()
  for (let round = 0; round < 400; round += 1) {
    const event = randomEvent(random)
    for (const value of Object.values(event.value?.fields ?? {})) kinds.add(Object.keys(value)[0] ?? 'none')
    expect(decodeDocumentEventData(encode(event))).toEqual(event)
  }
  expect(kinds.size).toBe(11)
})

test('fields that a later version may add are passed over', () => {
  const later = protobuf
    .parse(`syntax = "proto3"; message Later {
    int64 a = 100; double b = 101; string c = 102; fixed32 d = 103; DocumentMask update_mask = 3; }
    message DocumentMask { repeated string field_paths = 1; string hint = 2; }`)
    .root.lookupType('Later')
  const message = { a: -5, b: 1.5, c: 'x', d: 7, updateMask: { fieldPaths: ['a'], hint: 'h' } }
  const bytes = later.encode(later.fromObject(message)).finish()
  expect(decodeDocumentEventData(bytes)).toEqual({ updateMask: { fieldPaths: ['a'] } })
})

test('values nested without end are refused, not followed', () => {
  const field = (key: number, content: Buffer) => {
    const writer = protobuf.Writer.create().uint32(key).bytes(content)
    return Buffer.from(writer.finish())
  }
  // Value { array_value { values: Value { … null_value } } }, inside one field of a document.
  let value: Buffer = Buffer.from([88, 0])
  for (let level = 0; level < 20_000; level += 1) value = field(74, field(10, value))
  const bytes = field(10, field(18, field(18, value)))
  expect(() => decodeDocumentEventData(bytes)).toThrow(
    expect.objectContaining({ code: 'event.undecodable.malformed-protobuf' }),
  )
})
