import { type DocumentServer, startDocumentServer } from '#local/documents/server.ts'
import { clientsOf } from './clients.ts'
import { decodeDocument, rawClient } from './raw-client.ts'

const ROOT = 'projects/contract/databases/(default)/documents'

let server: DocumentServer
let api: ReturnType<typeof rawClient>
let clients: ReturnType<typeof clientsOf>

beforeAll(async () => {
  server = await startDocumentServer({ port: 0, dataDir: null })
  api = rawClient(server.host)
  clients = clientsOf(server.host)
})
afterAll(async () => {
  api.close()
  await clients.close()
  await server.close()
})

const text = (stringValue: string) => ({ stringValue })

test('a document is created, read, updated and deleted by single calls', async () => {
  const name = `${ROOT}/api/one`
  const document = { fields: { a: text('x'), b: text('y') } }
  const created = await api.call('CreateDocument', { parent: ROOT, collectionId: 'api', documentId: 'one', document })
  expect(created).toMatchObject({ name, fields: document.fields })
  await expect(
    api.call('CreateDocument', { parent: ROOT, collectionId: 'api', documentId: 'one', document }),
  ).rejects.toMatchObject({ code: 6 })

  const updated = await api.call('UpdateDocument', {
    document: { name, fields: { a: text('z') } },
    updateMask: { fieldPaths: ['a'] },
  })
  expect(updated).toMatchObject({ fields: { a: text('z'), b: text('y') } })
  const read = await api.call('GetDocument', { name, mask: { fieldPaths: ['b'] } })
  expect(read.fields).toEqual({ b: text('y') })

  await api.call('DeleteDocument', { name })
  await expect(api.call('GetDocument', { name })).rejects.toMatchObject({ code: 5 })
})

test('a document created without an id gets one', async () => {
  const { name } = await api.call('CreateDocument', { parent: ROOT, collectionId: 'auto', document: {} })
  expect(String(name).slice(0, -20)).toBe(`${ROOT}/auto/`)
  expect(String(name).slice(-20)).toMatch(/^[A-Za-z0-9]{20}$/)
})

test('documents are listed page by page', async () => {
  for (const id of ['a', 'b', 'c', 'd', 'e']) {
    await api.call('CreateDocument', { parent: ROOT, collectionId: 'pages', documentId: id, document: {} })
  }
  const names: string[] = []
  let pageToken = ''
  let pages = 0
  do {
    const page = await api.call('ListDocuments', { parent: ROOT, collectionId: 'pages', pageSize: 2, pageToken })
    names.push(...(page.documents as Buffer[]).map((each) => /pages\/(\w)/.exec(each.toString('latin1'))?.[1] ?? ''))
    pageToken = String(page.nextPageToken ?? '')
    pages++
  } while (pageToken !== '')
  expect([names.join(''), pages]).toEqual(['abcde', 3])
})

test('a collection group is cut into parts that together hold every document once', async () => {
  const firestore = clients.newClient()
  const batch = firestore.batch()
  for (let index = 0; index < 50; index++) batch.set(firestore.doc(`parent/p${index % 3}/parts/d${index}`), { index })
  await batch.commit()
  const sizes: number[] = []
  for await (const partition of firestore.collectionGroup('parts').getPartitions(4)) {
    sizes.push((await partition.toQuery().get()).size)
  }
  expect(sizes).toHaveLength(4)
  expect(sizes.reduce((sum, size) => sum + size, 0)).toBe(50)
  expect(Math.max(...sizes) - Math.min(...sizes)).toBeLessThanOrEqual(1)
})

describe('a query that the official client would not send', () => {
  const run = (query: object) =>
    api.stream('RunQuery', { parent: ROOT, structuredQuery: { from: [{ collectionId: 'raw' }], ...query } })
  const found = async (query: object) =>
    (await run(query)).flatMap(({ document }) =>
      document
        ? [
            decodeDocument(document as Buffer)[0]
              .split('/')
              .at(-1),
          ]
        : [],
    )
  const compared = (op: number, value: object) => ({ where: { fieldFilter: { field: { fieldPath: 'n' }, op, value } } })
  const [EQUAL, NOT_EQUAL] = [5, 6]

  beforeAll(async () => {
    for (const [id, n] of Object.entries({
      a: { nullValue: 0 },
      b: { doubleValue: Number.NaN },
      c: { integerValue: 1 },
    })) {
      await api.call('CreateDocument', {
        parent: ROOT,
        collectionId: 'raw',
        documentId: id,
        document: { fields: { n } },
      })
    }
  })

  test('compares nothing with null, and all but null is unlike NaN', async () => {
    for (const op of [1, 2, 3, 4, EQUAL, NOT_EQUAL]) expect(await found(compared(op, { nullValue: 0 }))).toEqual([])
    const nan = { doubleValue: Number.NaN }
    for (const op of [1, 2, 3, 4, EQUAL]) expect(await found(compared(op, nan))).toEqual([])
    expect(await found(compared(NOT_EQUAL, nan))).toEqual(['b', 'c'])
  })

  test('has a cursor with as many values as it gives orders, and one without any stands before or behind all', async () => {
    const orderBy = [{ field: { fieldPath: 'n' } }]
    const one = { integerValue: 1 }
    expect(await found({ orderBy, startAt: { values: [one], before: true } })).toEqual(['c'])
    await expect(run({ orderBy, startAt: { values: [one, one] } })).rejects.toMatchObject({ code: 3 })
    await expect(run({ startAt: { values: [{ referenceValue: `${ROOT}/raw/a` }] } })).rejects.toMatchObject({ code: 3 })
    expect(await found({ orderBy, startAt: { values: [], before: true } })).toEqual(['a', 'b', 'c'])
    expect(await found({ orderBy, startAt: { values: [] } })).toEqual([])
  })
})

test('a method that is not served says so', async () => {
  await expect(api.call('ExecutePipeline', { database: 'projects/p/databases/d' })).rejects.toMatchObject({ code: 12 })
})

test('names and databases that cannot be are INVALID_ARGUMENT', async () => {
  const refused = { code: 3 }
  await expect(api.call('GetDocument', { name: `${ROOT}/only-a-collection` })).rejects.toMatchObject(refused)
  await expect(api.call('GetDocument', { name: 'elsewhere/a' })).rejects.toMatchObject(refused)
  await expect(api.call('Commit', { database: 'nowhere', writes: [] })).rejects.toMatchObject(refused)
  const write = { delete: 'projects/other/databases/(default)/documents/a/b' }
  const database = 'projects/contract/databases/(default)'
  await expect(api.call('Commit', { database, writes: [write] })).rejects.toMatchObject(refused)
})

test('the transaction of an earlier server run is refused as expired', async () => {
  const database = 'projects/contract/databases/(default)'
  await expect(api.call('Commit', { database, transaction: Buffer.alloc(14), writes: [] })).rejects.toMatchObject({
    code: 3,
    details: expect.stringMatching(/transaction has expired/),
  })
})

test('databases and projects are kept apart', async () => {
  const document = { fields: { a: text('here') } }
  await api.call('CreateDocument', { parent: ROOT, collectionId: 'apart', documentId: 'd', document })
  const elsewhere = ROOT.replace('(default)', 'other')
  await expect(api.call('GetDocument', { name: `${elsewhere}/apart/d` })).rejects.toMatchObject({ code: 5 })
})
