import { UndecodableEventError } from '#shared/events/event-error.ts'
import { parseCloudEvent } from '#shared/events/parse-cloud-event.ts'

const STORAGE_HEADERS = {
  'ce-specversion': '1.0',
  'ce-type': 'google.cloud.storage.object.v1.finalized',
  'ce-source': '//storage.googleapis.com/projects/_/buckets/header-bucket',
  'ce-subject': 'objects/header-name',
  'ce-id': '9475010998622634',
  'content-type': 'application/json',
}
const DOCUMENT_HEADERS = {
  'ce-specversion': '1.0',
  'ce-type': 'google.cloud.firestore.document.v1.written',
  'ce-source': '//firestore.googleapis.com/projects/p/databases/(default)',
  'ce-id': '7b1d3a52-0d4e-4b7c-9a5e-0f6b9f0c1d22',
  'content-type': 'application/json',
}
const OBJECT = { bucket: 'b', name: 'raw-uploads/u/c/1.png', generation: '1587627537231057' }
const NAME = 'projects/p/databases/(default)/documents/ai_models/m1'

function storage(object: unknown, headers: Record<string, string | undefined> = STORAGE_HEADERS) {
  return parseCloudEvent({ headers, body: Buffer.from(JSON.stringify(object)) })
}

function failure(work: () => unknown): { code: string; field: string | null } {
  try {
    work()
  } catch (error) {
    if (!(error instanceof UndecodableEventError)) throw error
    return { code: error.code.replace('event.undecodable.', ''), field: error.field }
  }
  throw new Error('it was read')
}

test('bucket and object come from the body, whatever the headers say', () => {
  expect(storage(OBJECT)).toMatchObject({ kind: 'object-finalized', bucket: 'b', name: 'raw-uploads/u/c/1.png' })
})

test('custom metadata and its absence are both read', () => {
  expect(storage({ ...OBJECT, metadata: { owner: 'u' } })).toMatchObject({ metadata: { owner: 'u' } })
  expect(storage(OBJECT)).toMatchObject({ metadata: {}, sizeBytes: null, contentType: null, timeCreated: null })
})

test.each([
  'google.cloud.storage.object.v1.deleted',
  'google.cloud.storage.object.v1.metadataUpdated',
  'google.cloud.datastore.entity.v1.written',
  'google.cloud.firestore.document.v1.writtenish',
  'com.example.other',
])('the type %s is understood and nobody handles it, whatever its body is', (type) => {
  const event = parseCloudEvent({ headers: { ...STORAGE_HEADERS, 'ce-type': type }, body: Buffer.from('%%%') })
  expect(event).toMatchObject({ kind: 'unknown', type, id: '9475010998622634' })
})

test.each(['ce-id', 'ce-source', 'ce-specversion'])('without %s it is no event', (field) => {
  expect(failure(() => storage(OBJECT, { ...STORAGE_HEADERS, [field]: undefined }))).toEqual({
    code: 'missing-field',
    field,
  })
})

test.each(['bucket', 'name', 'generation'] as const)('an object without %s is refused', (field) => {
  const { [field]: _, ...rest } = OBJECT
  expect(failure(() => storage(rest))).toEqual({ code: 'missing-field', field })
})

test.each([
  ['bucket', 5],
  ['bucket', ''],
  ['name', ['x']],
  ['name', null],
  ['generation', {}],
  ['generation', '12x'],
  ['generation', -1],
  ['generation', 2 ** 60],
  ['size', 'big'],
  ['timeCreated', 'yesterday'],
  ['metadata', 'x'],
])('an object whose %s is %j is refused', (field, value) => {
  expect(failure(() => storage({ ...OBJECT, [field]: value }))).toEqual({ code: 'bad-field', field })
})

test.each([[null], ['text'], [[]], [7]])('a storage body that is %j is refused', (body) => {
  expect(failure(() => storage(body)).code).toBe('bad-field')
})

test.each([
  ['no JSON', Buffer.from('{"bucket": '), 'malformed-json'],
  ['empty', Buffer.alloc(0), 'malformed-json'],
  ['no UTF-8', Buffer.from([0x22, 0xff, 0x22]), 'malformed-json'],
])('a storage body that is %s is refused', (_, body, code) => {
  expect(failure(() => parseCloudEvent({ headers: STORAGE_HEADERS, body })).code).toBe(code)
})

test('a request without any event in it is refused', () => {
  const refused = (headers: Record<string, string>, body: string) =>
    failure(() => parseCloudEvent({ headers, body: Buffer.from(body) })).code
  expect(refused({ 'content-type': 'application/json' }, '{}')).toBe('not-an-event')
  expect(refused({ 'content-type': 'application/json' }, '[]')).toBe('not-an-event')
  expect(refused({}, 'hello')).toBe('malformed-json')
  expect(refused({}, '{"message":{"data":"","messageId":"1"}}')).toBe('not-an-event')
  expect(refused({}, '{"message":"x"}')).toBe('bad-field')
  expect(refused({}, '{"message":{"attributes":{"ce-type":5}}}')).toBe('bad-field')
  expect(refused({ 'content-type': 'application/cloudevents-batch+json' }, '[]')).toBe('content-type')
})

test('a content type that is neither JSON nor protobuf is refused', () => {
  const headers = { ...DOCUMENT_HEADERS, 'content-type': 'application/avro' }
  expect(failure(() => parseCloudEvent({ headers, body: Buffer.from('{}') })).code).toBe('content-type')
  const storageHeaders = { ...STORAGE_HEADERS, 'content-type': 'application/protobuf' }
  expect(failure(() => parseCloudEvent({ headers: storageHeaders, body: Buffer.alloc(0) })).code).toBe('content-type')
})

test('a structured event may carry its protobuf as base64', () => {
  // DocumentEventData { value: Document { name } }
  const name = Buffer.from(NAME)
  const document = Buffer.concat([Buffer.from([10, name.length]), name])
  const data = Buffer.concat([Buffer.from([10, document.length]), document])
  const body = {
    specversion: '1.0',
    id: 'i',
    source: 's',
    type: DOCUMENT_HEADERS['ce-type'],
    datacontenttype: 'application/protobuf',
    data_base64: data.toString('base64'),
  }
  const headers = { 'content-type': 'application/cloudevents+json' }
  const event = parseCloudEvent({ headers, body: Buffer.from(JSON.stringify(body)) })
  expect(event).toMatchObject({ kind: 'document-written', change: 'created', document: 'ai_models/m1' })
  const { data_base64: _, ...without } = body
  expect(failure(() => parseCloudEvent({ headers, body: Buffer.from(JSON.stringify(without)) })).field).toBe('data')
  const spoilt = { ...body, data_base64: '*' }
  expect(failure(() => parseCloudEvent({ headers, body: Buffer.from(JSON.stringify(spoilt)) })).field).toBe(
    'data_base64',
  )
})

test('a raw bucket notification is the same event', () => {
  const push = (attributes: Record<string, string>, data: unknown) =>
    parseCloudEvent({
      headers: { 'content-type': 'application/json' },
      body: Buffer.from(
        JSON.stringify({
          message: {
            attributes,
            data: data === null ? '' : Buffer.from(JSON.stringify(data)).toString('base64'),
            messageId: '77',
          },
          subscription: 's',
        }),
      ),
    })
  const attributes = {
    eventType: 'OBJECT_FINALIZE',
    payloadFormat: 'JSON_API_V1',
    bucketId: 'b',
    objectId: OBJECT.name,
    objectGeneration: OBJECT.generation,
    eventTime: '2026-09-24T16:59:46.187599Z',
  }
  const expected = { kind: 'object-finalized', id: '77', ...OBJECT, time: attributes.eventTime }
  expect(push(attributes, { ...OBJECT, size: '3' })).toMatchObject({ ...expected, sizeBytes: 3 })
  expect(push({ ...attributes, payloadFormat: 'NONE' }, null)).toMatchObject({ ...expected, metageneration: null })
  expect(push({ ...attributes, eventType: 'OBJECT_DELETE' }, OBJECT)).toMatchObject({
    kind: 'unknown',
    type: 'google.cloud.storage.object.v1.deleted',
  })
  expect(push({ ...attributes, eventType: 'constructor' }, OBJECT)).toMatchObject({
    kind: 'unknown',
    type: 'constructor',
  })
})

test('a header that is no UTF-8 stays as it is', () => {
  const read = (subject: string) => storage(OBJECT, { ...STORAGE_HEADERS, 'ce-subject': subject }).subject
  expect(read('objects/zo\u00eb')).toBe('objects/zo\u00eb')
  expect(read(Buffer.from('objects/zoë').toString('latin1'))).toBe('objects/zoë')
  expect(read('objects/日本')).toBe('objects/日本')
  expect(read('objects/100%25')).toBe('objects/100%25')
})

describe('a document event as JSON', () => {
  const read = (body: unknown, headers: Record<string, string> = DOCUMENT_HEADERS) =>
    parseCloudEvent({ headers, body: Buffer.from(JSON.stringify(body)) })

  test('may be about different kinds of numbers and names', () => {
    const event = read({
      old_value: { name: NAME, fields: { a: { integerValue: 1 } } },
      value: {
        name: NAME,
        update_time: '2026-01-01T01:00:00.5+01:00',
        fields: {
          big: { integerValue: '9007199254740993' },
          low: { integerValue: '-9223372036854775808' },
          nan: { doubleValue: 'NaN' },
          text: { string_value: 'x' },
          future: { decimalValue: '1' },
          list: { arrayValue: { values: [{ decimalValue: '1' }, { booleanValue: false }] } },
          early: { timestampValue: '0001-01-01T00:00:00.999999999Z' },
        },
      },
    })
    expect(event).toMatchObject({
      change: 'updated',
      updateTime: '2026-01-01T00:00:00.500Z',
      before: { fields: { a: 1 } },
      after: {
        fields: {
          big: 9007199254740993n,
          low: -(2n ** 63n),
          nan: Number.NaN,
          text: 'x',
          list: [null, false],
          early: new Date('0001-01-01T00:00:00.999Z'),
        },
      },
    })
  })

  test('keeps a field called __proto__ a field', () => {
    const body = `{"value":{"name":"${NAME}","fields":{"__proto__":{"mapValue":{"fields":{"polluted":{"booleanValue":true}}}}}}}`
    const event = parseCloudEvent({ headers: DOCUMENT_HEADERS, body: Buffer.from(body) })
    if (event.kind !== 'document-written') throw new Error(event.kind)
    expect(Object.keys(event.after?.fields ?? {})).toEqual(['__proto__'])
    expect(event.after?.fields.polluted).toBeUndefined()
    expect(({} as Record<string, unknown>).polluted).toBeUndefined()
  })

  test.each<[string, unknown, string]>([
    ['no object', [], 'body'],
    ['a value that is none', { value: 5 }, 'value'],
    ['a name that is none', { value: { name: 5 } }, 'value.name'],
    ['a name outside Firestore', { value: { name: 'ai_models/m1' } }, 'value.name'],
    ['a collection for a document', { value: { name: NAME.replace('/m1', '') } }, 'value.name'],
    ['two documents', { value: { name: NAME }, oldValue: { name: `${NAME}2` } }, 'oldValue.name'],
    ['fields that are none', { value: { name: NAME, fields: [] } }, 'value.fields'],
    ['a half integer', { value: { name: NAME, fields: { a: { integerValue: 1.5 } } } }, 'value.fields.a'],
    [
      'an integer beyond 64 bits',
      { value: { name: NAME, fields: { a: { integerValue: '9223372036854775808' } } } },
      'value.fields.a',
    ],
    ['a boolean as text', { value: { name: NAME, fields: { a: { booleanValue: 'true' } } } }, 'value.fields.a'],
    [
      'a value of two kinds',
      { value: { name: NAME, fields: { a: { booleanValue: true, stringValue: '' } } } },
      'value.fields.a',
    ],
    ['a bad time', { value: { name: NAME, updateTime: 'now' } }, 'value.updateTime'],
    [
      'a bad time in a list',
      { value: { name: NAME, fields: { a: { arrayValue: { values: [{ timestampValue: 'x' }] } } } } },
      'value.fields.a[0]',
    ],
    ['a mask that is none', { value: { name: NAME }, updateMask: { fieldPaths: 'a' } }, 'updateMask.fieldPaths'],
  ])('is refused for %s', (_, body, field) => {
    expect(failure(() => read(body))).toEqual({ code: 'bad-field', field })
  })

  test('about nothing needs its document from somewhere', () => {
    expect(read({}, { ...DOCUMENT_HEADERS, 'ce-subject': 'documents/a/b' })).toMatchObject({
      change: 'none',
      document: 'a/b',
    })
    expect(failure(() => read({}))).toEqual({ code: 'missing-field', field: 'ce-document' })
    expect(failure(() => read({ value: { fields: { a: { nullValue: null } } } })).field).toBe('value.name')
  })

  test('nested without end is refused, not followed', () => {
    const deep = `${'{"arrayValue":{"values":['.repeat(50_000)}{"nullValue":null}${']}}'.repeat(50_000)}`
    const body = Buffer.from(`{"value":{"name":"${NAME}","fields":{"a":${deep}}}}`)
    expect(failure(() => parseCloudEvent({ headers: DOCUMENT_HEADERS, body })).code).toBe('bad-field')
  })
})

test('a body of 5 MB is read', () => {
  const object = { ...OBJECT, metadata: { note: 'x'.repeat(5_000_000) } }
  expect(storage(object)).toMatchObject({ kind: 'object-finalized', metadata: { note: expect.any(String) } })
  const body = Buffer.alloc(5_000_000, 0x0a)
  const headers = { ...DOCUMENT_HEADERS, 'content-type': 'application/protobuf' }
  expect(failure(() => parseCloudEvent({ headers, body })).code).toBe('malformed-protobuf')
})
