import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { AggregateField, FieldPath, Filter, type Firestore, type Query } from '@google-cloud/firestore'
import { readIndexFile } from '#local/documents/indexes/declared.ts'
import { type DocumentServer, startDocumentServer } from '#local/documents/server.ts'
import { clientsOf } from './clients.ts'

const messages: string[] = []
const needed = () => messages.splice(0).map((message) => message.replace(/.*in production: /, ''))
let directory: string
let server: DocumentServer
let clients: ReturnType<typeof clientsOf>
let firestore: Firestore

function indexFile(content: unknown): string {
  const path = join(directory, 'firestore.indexes.json')
  writeFileSync(path, typeof content === 'string' ? content : JSON.stringify(content))
  return path
}

beforeAll(async () => {
  directory = mkdtempSync(join(tmpdir(), 'indexes-'))
  server = await startDocumentServer({
    port: 0,
    dataDir: null,
    indexes: { declared: [], onMissing: (message) => messages.push(message) },
  })
  clients = clientsOf(server.host)
  firestore = clients.newClient()
})
afterAll(async () => {
  await clients.close()
  await server.close()
  rmSync(directory, { recursive: true })
})

describe('without declared indexes', () => {
  const id = FieldPath.documentId()
  const automatic: [string, (c: Query) => Query][] = [
    ['everything', (c) => c],
    ['equalities of several fields', (c) => c.where('a', '==', 1).where('b', '==', 2).where('l', 'array-contains', 3)],
    ['one range', (c) => c.where('a', '>', 1).where('a', '<', 5)],
    ['a range and the order of the same field', (c) => c.where('a', '>', 1).orderBy('a', 'desc')],
    ['one order', (c) => c.orderBy('a', 'desc').limit(3)],
    ['an equality and an order of the same field', (c) => c.where('a', '==', 1).orderBy('a')],
    ['equalities by the name', (c) => c.where('a', '==', 1).orderBy(id, 'desc')],
    [
      'alternatives of equalities',
      (c) => c.where(Filter.or(Filter.where('a', '==', 1), Filter.where('b', 'in', [1, 2]))),
    ],
    ['names', (c) => c.where(id, '>', 'a').limit(2)],
  ]
  test.each(automatic)('%s needs none', async (_, build) => {
    await build(firestore.collection('automatic')).get()
    expect(needed()).toEqual([])
  })

  const composite: [string, (c: Query) => Query, string][] = [
    ['an equality and a range', (c) => c.where('a', '==', 1).where('b', '>', 2), 'a ascending, b ascending'],
    ['an equality and an order', (c) => c.where('a', '==', 1).orderBy('b', 'desc'), 'a ascending, b descending'],
    ['ranges of two fields', (c) => c.where('b', '>', 1).where('a', '>', 2), 'a ascending, b ascending'],
    ['two orders', (c) => c.orderBy('a').orderBy('b', 'desc'), 'a ascending, b descending'],
    ['an order and the name against it', (c) => c.orderBy('a').orderBy(id, 'desc'), 'a ascending, __name__ descending'],
    [
      'a list search and an order',
      (c) => c.where('l', 'array-contains', 1).orderBy('a'),
      'l array-contains, a ascending',
    ],
    ['a choice and an order', (c) => c.where('a', 'in', [1, 2]).orderBy('b'), 'a ascending, b ascending'],
  ]
  test.each(composite)('%s is told', async (title, build, fields) => {
    await build(firestore.collection(title)).get()
    expect(needed()).toEqual([`collection "${title}": ${fields}.`])
    await build(firestore.collection(title)).get()
    // Once is enough.
    expect(needed()).toEqual([])
  })

  test('a collection group needs one for any field', async () => {
    await firestore.collectionGroup('group').get()
    expect(needed()).toEqual([])
    await firestore.collectionGroup('group').where('a', '==', 1).get()
    expect(needed()).toEqual(['collection group "group": a ascending.'])
  })

  test('aggregations, listeners and nearest vectors are looked at, too', async () => {
    const query = firestore.collection('others').where('a', '==', 1)
    await query.aggregate({ sum: AggregateField.sum('b') }).get()
    expect(needed()).toEqual(['collection "others": a ascending, b ascending.'])
    await new Promise<void>((resolve, reject) => {
      const stop = query.orderBy('c').onSnapshot(() => {
        stop()
        resolve()
      }, reject)
    })
    expect(needed()).toEqual(['collection "others": a ascending, c ascending.'])
    await query.findNearest({ vectorField: 'v', queryVector: [1], limit: 1, distanceMeasure: 'EUCLIDEAN' }).get()
    expect(needed()).toEqual(['collection "others": a ascending, v vector.'])
  })
})

describe('with declared indexes', () => {
  const ascending = (fieldPath: string) => ({ fieldPath, order: 'ASCENDING' })
  const descending = (fieldPath: string) => ({ fieldPath, order: 'DESCENDING' })
  const declared = {
    indexes: [
      { collectionGroup: 'jobs', queryScope: 'COLLECTION', fields: [ascending('state'), descending('at')] },
      { collectionGroup: 'jobs', queryScope: 'COLLECTION', fields: [ascending('owner'), descending('at')] },
      {
        collectionGroup: 'jobs',
        fields: [ascending('owner'), { fieldPath: 'v', vectorConfig: { dimension: 1, flat: {} } }],
      },
    ],
    fieldOverrides: [
      { collectionGroup: 'jobs', fieldPath: 'key', indexes: [{ queryScope: 'COLLECTION_GROUP', order: 'ASCENDING' }] },
    ],
  }
  let strict: DocumentServer
  let own: ReturnType<typeof clientsOf>
  let jobs: Query

  beforeAll(async () => {
    strict = await startDocumentServer({
      port: 0,
      dataDir: null,
      indexes: { declared: readIndexFile(indexFile(declared)), onMissing: 'refuse' },
    })
    own = clientsOf(strict.host)
    jobs = own.newClient().collection('jobs')
  })
  afterAll(async () => {
    await own.close()
    await strict.close()
  })
  /** In a transaction: outside the client asks again for seconds. */
  const ask = (query: Query) =>
    query.firestore.runTransaction((transaction) => transaction.get(query), { maxAttempts: 1 })

  test('they serve their queries, from both ends and merged', async () => {
    await ask(jobs.where('state', '==', 1).orderBy('at', 'desc'))
    await ask(jobs.where('state', '==', 1).where('at', '>', 1))
    await ask(jobs.where('state', '==', 1).where('owner', '==', 2).orderBy('at', 'desc'))
    await ask(jobs.firestore.collectionGroup('jobs').where('key', '>', 1))
    const nearest = { vectorField: 'v', queryVector: [1], limit: 1, distanceMeasure: 'EUCLIDEAN' as const }
    await jobs.where('owner', '==', 1).findNearest(nearest).get()
  })

  test('a query that has none is refused as in production', async () => {
    const refused = { code: 9, details: expect.stringMatching(/The query requires an index: .*"jobs"/) }
    await expect(ask(jobs.where('other', '==', 1).orderBy('at'))).rejects.toMatchObject(refused)
    await expect(ask(jobs.where('state', '==', 1).where('other', '==', 1).orderBy('at'))).rejects.toMatchObject(refused)
    await expect(ask(jobs.firestore.collectionGroup('jobs').where('state', '==', 1))).rejects.toMatchObject(refused)
  })

  test('a file that declares none says what is wrong', () => {
    expect(() => readIndexFile(indexFile('{'))).toThrow(/cannot be read as JSON/)
    expect(() => readIndexFile(indexFile({ indexes: [{ collectionGroup: 'a', fields: [] }] }))).toThrow(
      /no list of indexes/,
    )
    expect(() =>
      readIndexFile(indexFile({ indexes: [{ collectionGroup: 'a', fields: [{ fieldPath: 'b' }] }] })),
    ).toThrow(/b has neither/)
  })
})
