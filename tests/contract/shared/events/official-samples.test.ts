import { decodeDocumentEventData } from '#shared/events/decode-document-event-data.ts'
import { parseCloudEvent } from '#shared/events/parse-cloud-event.ts'
import { parseDocumentEventDataJson } from '#shared/events/parse-document-json.ts'
import { readBytes, readHeaders, readJson } from './recorded-deliveries.ts'

describe.each(['simple', 'complex'])("Google's %s Firestore sample", (size) => {
  const json = readJson(`official/DocumentEventData-${size}.json`)
  const headers = readHeaders(`official/DocumentEventData-${size}.headers.json`)

  test('decodes from protobuf to its JSON', () => {
    expect(decodeDocumentEventData(readBytes(`official/DocumentEventData-${size}.derived.pb`))).toEqual(json)
    expect(parseDocumentEventDataJson(json)).toEqual(json)
  })

  test('is the same event in both encodings', () => {
    const fromProtobuf = parseCloudEvent({ headers, body: readBytes(`official/DocumentEventData-${size}.derived.pb`) })
    const body = Buffer.from(JSON.stringify(json))
    expect(parseCloudEvent({ headers: { ...headers, 'content-type': 'application/json' }, body })).toEqual(fromProtobuf)
    expect(fromProtobuf.kind).toBe('document-written')
  })
})

test('the simple Firestore sample is an update of one field', () => {
  const headers = readHeaders('official/DocumentEventData-simple.headers.json')
  const event = parseCloudEvent({ headers, body: readBytes('official/DocumentEventData-simple.derived.pb') })
  expect(event).toMatchObject({
    kind: 'document-written',
    change: 'updated',
    document: 'gcf-test/2Vm2mI1d0wIaK2Waj5to',
    before: { fields: { count: 3 } },
    after: { fields: { count: 4, foo: 'bar' } },
    updateMask: ['count'],
    updateTime: '2020-04-23T12:00:27.247187Z',
  })
})

test('an empty oldValue, as in the complex sample, is a creation', () => {
  const headers = readHeaders('official/DocumentEventData-complex.headers.json')
  const event = parseCloudEvent({ headers, body: readBytes('official/DocumentEventData-complex.derived.pb') })
  expect(event).toMatchObject({ change: 'created', before: null })
})

test('the simple Cloud Storage sample has strings for 64-bit numbers', () => {
  const headers = readHeaders('official/StorageObjectData-simple.headers.json')
  expect(parseCloudEvent({ headers, body: readBytes('official/StorageObjectData-simple.json') })).toEqual({
    kind: 'object-finalized',
    id: '9475010998622634',
    source: '//storage.googleapis.com/projects/_/buckets/sample-bucket',
    type: 'google.cloud.storage.object.v1.finalized',
    subject: 'objects/folder/Test.cs',
    time: '2020-04-23T07:38:57.230123Z',
    bucket: 'sample-bucket',
    name: 'folder/Test.cs',
    generation: '1587627537231057',
    metageneration: '1',
    sizeBytes: 352,
    contentType: 'text/plain',
    md5Hash: 'kF8MuJ5+CTJxvyhHS1xzRg==',
    crc32c: 'rTVTeQ==',
    timeCreated: new Date('2020-04-23T07:38:57.230Z'),
    metadata: {},
  })
})

test('the complex Cloud Storage sample has numbers', () => {
  const headers = readHeaders('official/StorageObjectData-complex.headers.json')
  const event = parseCloudEvent({ headers, body: readBytes('official/StorageObjectData-complex.json') })
  expect(event).toMatchObject({ kind: 'object-finalized', generation: '96883251', metageneration: '1', sizeBytes: 0 })
})

test.each(['application/cloudevents+json; charset=utf-8', 'application/json'])(
  'the Workflows sample is read as structured, sent as %s',
  (contentType) => {
    const body = readBytes('official/StorageObjectDataWorkflows.structured.json')
    const event = parseCloudEvent({ headers: { 'Content-Type': contentType }, body })
    expect(event).toMatchObject({
      kind: 'object-finalized',
      id: '1234567',
      subject: 'objects/MyFile',
      bucket: 'sample-bucket',
      name: 'MyFile',
      generation: '96883251',
      timeCreated: new Date('2020-05-06T15:14:15.917Z'),
    })
  },
)

test.each([
  ['19-create-trailing-space-id', 'created'],
  ['20-update-trailing-space-id', 'updated'],
])('the fallback envelope %s is the event that the emulator recorded', (name, change) => {
  const headers = readHeaders(`fallback/${name}.headers.json`)
  const event = parseCloudEvent({ headers, body: readBytes(`fallback/${name}.body.json`) })
  const binary = parseCloudEvent({
    headers: readHeaders(`firestore/${name}.headers.json`),
    body: readBytes(`firestore/${name}.data.pb`),
  })
  expect(event).toMatchObject({ kind: 'document-written', change, document: 'users/trailing-space ' })
  if (event.kind !== 'document-written' || binary.kind !== 'document-written') throw new Error('no document event')
  expect(event.after?.fields).toEqual(binary.after?.fields)
  expect(event.id).toMatch(/^[0-9a-f-]{36}$/)
})
