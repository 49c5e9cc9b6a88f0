import { createClock } from '#local/clock.ts'
import { createEventDelivery, type EventDeliveryOptions } from '#local/events/delivery.ts'
import type { DocumentTrigger, StorageTrigger } from '#local/events/trigger.ts'
import { parseCloudEvent } from '#shared/events/parse-cloud-event.ts'
import { type Received, type Receiver, startReceiver } from '../../../support/receiver.ts'
import { seededRandom } from '../../../support/seeded-random.ts'
import { documentChange, documentName, objectChange } from './changes.ts'

let receiver: Receiver
beforeEach(async () => {
  receiver = await startReceiver()
})
afterEach(() => receiver.close())

const uploads = (): StorageTrigger => ({
  name: 'uploads',
  type: 'google.cloud.storage.object.v1.finalized',
  bucket: 'uploads',
  url: `${receiver.url}/events?fixed=1`,
})
const models = (contentType: DocumentTrigger['contentType'] = 'application/protobuf'): DocumentTrigger => ({
  name: 'models',
  type: 'google.cloud.firestore.document.v1.written',
  documentPattern: 'ai_models/{id}',
  contentType,
  url: `${receiver.url}/`,
})

async function deliver(
  options: Partial<EventDeliveryOptions>,
  publish: (delivery: ReturnType<typeof createEventDelivery>) => void,
): Promise<Received[]> {
  const random = seededRandom(1)
  const delivery = createEventDelivery({ dataDir: null, triggers: [], clock: createClock(1000), random, ...options })
  try {
    publish(delivery)
    await delivery.idle()
    expect(delivery.pending()).toEqual([])
  } finally {
    await delivery.close()
  }
  return receiver.received
}

test('an upload arrives as Eventarc sends it', async () => {
  const name = 'raw-uploads/u/c/1.png'
  const [request] = await deliver({ triggers: [uploads()] }, (delivery) =>
    delivery.publishObject(objectChange(name, { generation: 1790000000000001, size: 12 })),
  )
  expect(request?.url).toBe('/events?fixed=1&__GCP_CloudEventsMode=GCS_NOTIFICATION')
  expect(request?.headers).toMatchObject({
    'ce-specversion': '1.0',
    'ce-type': 'google.cloud.storage.object.v1.finalized',
    'ce-source': '//storage.googleapis.com/projects/_/buckets/uploads',
    'ce-subject': `objects/${name}`,
    'ce-id': expect.stringMatching(/^\d{17}$/),
    'ce-time': expect.stringMatching(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{6}Z$/),
    'ce-bucket': 'uploads',
    'content-type': 'application/json',
    'user-agent': expect.stringMatching(/^APIs-Google; /),
    from: 'noreply@google.com',
  })
  expect(JSON.parse(request!.body.toString())).toMatchObject({ generation: '1790000000000001', size: '12' })
  expect(parseCloudEvent(request!)).toMatchObject({
    kind: 'object-finalized',
    bucket: 'uploads',
    name,
    generation: '1790000000000001',
    sizeBytes: 12,
    contentType: 'image/png',
  })
})

test.each(['application/protobuf', 'application/json'] as const)(
  'a document update arrives as %s',
  async (contentType) => {
    const change = documentChange('ai_models/m1', { syncStatus: 'notsynced' }, { syncStatus: 'syncing' }, [
      'syncStatus',
    ])
    const [request] = await deliver({ triggers: [models(contentType)] }, (delivery) => delivery.publishDocument(change))
    expect(request?.url).toBe('/?__GCP_CloudEventsMode=CE_PUBSUB_BINDING')
    expect(request?.headers).toMatchObject({
      'ce-type': 'google.cloud.firestore.document.v1.written',
      'ce-source': '//firestore.googleapis.com/projects/acme/databases/(default)',
      'ce-subject': 'documents/ai_models/m1',
      'ce-id': expect.stringMatching(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/),
      'ce-time': '2026-09-24T16:59:46.187000Z',
      'ce-project': 'acme',
      'ce-location': 'us-central1',
      'ce-database': '(default)',
      'ce-namespace': '(default)',
      'ce-document': 'ai_models/m1',
      'ce-dataschema': expect.stringContaining('firestore/v1/data.proto'),
      'content-type': contentType,
    })
    expect(parseCloudEvent(request!)).toMatchObject({
      kind: 'document-written',
      change: 'updated',
      document: 'ai_models/m1',
      before: { fields: { syncStatus: 'notsynced' } },
      after: { fields: { syncStatus: 'syncing' } },
      updateMask: ['syncStatus'],
      updateTime: '2026-09-21T14:13:21.609403Z',
    })
  },
)

test('a creation and a deletion have one side each', async () => {
  const requests = await deliver({ triggers: [models()] }, (delivery) => {
    delivery.publishDocument(documentChange('ai_models/a', null, {}, ['ignored']))
    delivery.publishDocument(documentChange('ai_models/b', { x: 'y' }, null))
  })
  const events = requests.map((request) => parseCloudEvent(request))
  expect(events).toContainEqual(expect.objectContaining({ document: 'ai_models/a', change: 'created', updateMask: [] }))
  expect(events).toContainEqual(expect.objectContaining({ document: 'ai_models/b', change: 'deleted', after: null }))
})

test('an id that is not ASCII comes as raw UTF-8 bytes and is read whole', async () => {
  const path = 'ai_models/zoë 日本 😀 100% a+b'
  const change = documentChange(path, null, {})
  const [request] = await deliver({ triggers: [models()] }, (delivery) => delivery.publishDocument(change))
  expect(request?.headers['ce-document']).toBe(Buffer.from(path).toString('latin1'))
  expect(parseCloudEvent(request!)).toMatchObject({ document: path, subject: `documents/${path}` })
})

test.each(['ai_models/ends in a space ', 'ai_models/line\nfeed'])(
  'the id %j falls back to the Pub/Sub envelope',
  async (path) => {
    for (const contentType of ['application/protobuf', 'application/json'] as const) {
      const change = documentChange(path, null, { a: 'b' })
      await deliver({ triggers: [models(contentType)] }, (delivery) => delivery.publishDocument(change))
    }
    expect(receiver.received).toHaveLength(2)
    for (const request of receiver.received) {
      expect(Object.keys(request.headers).filter((name) => name.startsWith('ce-'))).toEqual([])
      expect(request.headers['content-type']).toBe('application/json')
      expect(parseCloudEvent(request)).toMatchObject({
        document: path,
        change: 'created',
        after: { fields: { a: 'b' } },
      })
    }
  },
)

test('an object whose name ends in a space falls back to the envelope too', async () => {
  const [request] = await deliver({ triggers: [uploads()] }, (delivery) => delivery.publishObject(objectChange('a/b ')))
  expect(request?.headers['ce-type']).toBeUndefined()
  expect(parseCloudEvent(request!)).toMatchObject({ kind: 'object-finalized', name: 'a/b ' })
})

test('only what a trigger asks for is sent', async () => {
  const requests = await deliver({ triggers: [uploads(), models()] }, (delivery) => {
    delivery.publishObject({ ...objectChange('other-bucket'), bucket: 'other' })
    delivery.publishObject({ ...objectChange('deleted'), type: 'deleted' })
    delivery.publishDocument(documentChange('ai_models/m/versions/1', null, {}))
    delivery.publishDocument(documentChange('characters/c', null, {}))
    delivery.publishDocument({ ...documentChange('ai_models/n', null, {}), name: documentName('ai_models/n', 'other') })
    delivery.publishDocument(documentChange('ai_models/same', { a: 'b' }, { a: 'b' }, []))
    delivery.publishDocument(documentChange('ai_models/never-was', null, null))
  })
  expect(requests).toEqual([])
})

test('typed triggers tell created, updated and deleted apart', async () => {
  const kinds = ['created', 'updated', 'deleted'] as const
  const triggers = kinds.map((kind) => ({
    ...models(),
    name: kind,
    type: `google.cloud.firestore.document.v1.${kind}` as const,
    url: `${receiver.url}/${kind}`,
  }))
  const requests = await deliver({ triggers }, (delivery) => {
    delivery.publishDocument(documentChange('ai_models/1', null, {}))
    delivery.publishDocument(documentChange('ai_models/2', {}, { a: 'b' }, ['a']))
    delivery.publishDocument(documentChange('ai_models/3', {}, null))
  })
  expect(requests.map(({ url }) => url.slice(0, url.indexOf('?'))).sort()).toEqual(['/created', '/deleted', '/updated'])
  for (const request of requests) {
    const event = parseCloudEvent(request)
    expect(event.type).toBe(`google.cloud.firestore.document.v1.${event.kind === 'document-written' && event.change}`)
  }
})

test('two triggers on one change have different ids', async () => {
  const triggers = [uploads(), { ...uploads(), name: 'again' }]
  const requests = await deliver({ triggers }, (delivery) => delivery.publishObject(objectChange('x')))
  expect(new Set(requests.map(({ headers }) => headers['ce-id'])).size).toBe(2)
})

test('a token for the service is sent where one is given', async () => {
  const audiences: string[] = []
  const authorization = async (audience: string) => {
    audiences.push(audience)
    return 'signed'
  }
  const publish = (delivery: ReturnType<typeof createEventDelivery>) => delivery.publishObject(objectChange('x'))
  const [request] = await deliver({ triggers: [uploads()], authorization }, publish)
  expect(request?.headers.authorization).toBe('Bearer signed')
  expect(audiences).toEqual([receiver.url])
})
