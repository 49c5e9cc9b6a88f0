import type { DocumentWrittenEvent } from '#shared/events/cloud-event.ts'
import { decodeDocumentEventData } from '#shared/events/decode-document-event-data.ts'
import { GeoPoint, Reference, Vector } from '#shared/events/document-value.ts'
import { parseCloudEvent } from '#shared/events/parse-cloud-event.ts'
import { parseDocumentEventDataJson } from '#shared/events/parse-document-json.ts'
import { RECORDED, readBytes, readHeaders, readJson } from './recorded-deliveries.ts'

function parseRecorded(name: string): DocumentWrittenEvent {
  const headers = readHeaders(`firestore/${name}.headers.json`)
  const event = parseCloudEvent({ headers, body: readBytes(`firestore/${name}.data.pb`) })
  if (event.kind !== 'document-written') throw new Error(`${name} is ${event.kind}`)
  return event
}

test('there are 23 recorded deliveries', () => {
  expect(RECORDED).toHaveLength(23)
})

describe.each(RECORDED)('the recorded delivery %s', (name) => {
  const json = readJson(`firestore/${name}.data.json`)

  test('holds in its base64 body the same protobuf as beside it', () => {
    const body = readBytes(`firestore/${name}.emulator-body.b64`).toString('utf8')
    expect(Buffer.from(body, 'base64').equals(readBytes(`firestore/${name}.data.pb`))).toBe(true)
  })

  test("decodes to what Google's own protobuf library prints", () => {
    expect(decodeDocumentEventData(readBytes(`firestore/${name}.data.pb`))).toEqual(json)
  })

  test('reads the same from its JSON form', () => {
    expect(parseDocumentEventDataJson(json)).toEqual(json)
    const headers = {
      ...readHeaders(`firestore/${name}.headers.json`),
      'content-type': 'application/json; charset=utf-8',
    }
    const event = parseCloudEvent({ headers, body: Buffer.from(JSON.stringify(json)) })
    expect(event).toEqual(parseRecorded(name))
  })

  test('is told by which sides are there', () => {
    const event = parseRecorded(name)
    expect(event.after?.name).toBe((json.value as { name?: string } | undefined)?.name)
    expect(event.before?.name).toBe((json.oldValue as { name?: string } | undefined)?.name)
    const sides = `${event.before === null ? '-' : 'before'} ${event.after === null ? '-' : 'after'}`
    const changes: Record<string, string> = {
      '- after': 'created',
      'before after': 'updated',
      'before -': 'deleted',
      '- -': 'none',
    }
    expect(event.change).toBe(changes[sides])
  })
})

test('an id that is not ASCII comes out whole, from the body and from the header', () => {
  const event = parseRecorded('12-create-unicode-id')
  expect(event.document).toBe('users/zoë/notes/日本語 メモ 😀 100% a+b')
  expect(event.subject).toBe('documents/users/zoë/notes/日本語 メモ 😀 100% a+b')
})

test('the event about nothing takes its document from the headers', () => {
  const event = parseRecorded('09-delete-absent')
  expect(event).toMatchObject({ change: 'none', before: null, after: null, updateTime: null })
  expect(event).toMatchObject({ project: 'acme-media-dev', database: '(default)', document: 'uploads/never-was' })
})

test('a named database, a subcollection and the author are read', () => {
  expect(parseRecorded('16-named-database')).toMatchObject({ database: 'archive', document: 'jobs/j-77', auth: null })
  expect(parseRecorded('11-create-subcollection').document.split('/')).toHaveLength(4)
  expect(parseRecorded('17-auth-context').auth).toEqual({ type: 'unknown', id: 'fake-auth-id@gmail.com' })
})

test('the typed events for created, updated and deleted say what they are', () => {
  const changes = ['21-typed-created', '22-typed-updated', '23-typed-deleted'].map((name) => parseRecorded(name).change)
  expect(changes).toEqual(['created', 'updated', 'deleted'])
})

test('the update time keeps its microseconds', () => {
  expect(parseRecorded('01-create-flat').updateTime).toBe('2026-11-20T09:43:33.609403Z')
})

test('a value of every kind becomes a plain one', () => {
  const fields = parseRecorded('10-create-all-types').after?.fields
  expect(fields).toMatchObject({
    'naïve-✓': 'é😀',
    'dot.ted': 2,
    empty: '',
    nul: null,
    yes: true,
    neg: -42,
    int53: Number.MAX_SAFE_INTEGER,
    dbl: 5.5,
    map0: {},
    arr0: [],
    map: { field1: 'x', field2: { deep: { deeper: 1 } } },
    arr: [1, 2, 'x', null, { k: [true] }],
    ts: new Date('2020-04-23T14:23:53.241Z'),
    bytes: new Uint8Array([0, 1, 2, 253, 254, 255]),
  })
  expect(fields?.geo).toEqual(new GeoPoint(51.4543, -0.9781))
  expect(fields?.ref).toEqual(new Reference('projects/acme-media-dev/databases/(default)/documents/uploads/u-0001'))
  expect(fields?.vec).toEqual(new Vector([1.5, -2.25, 3]))
})

test('the base64 text that the emulator sends is refused, never guessed at', () => {
  const headers = readHeaders('firestore/01-create-flat.headers.json')
  const body = readBytes('firestore/01-create-flat.emulator-body.b64')
  expect(() => parseCloudEvent({ headers, body })).toThrow(
    expect.objectContaining({ code: 'event.undecodable.malformed-protobuf' }),
  )
})
