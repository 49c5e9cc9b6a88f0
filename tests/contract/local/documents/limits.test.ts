import { FieldValue, type Firestore, Timestamp } from '@google-cloud/firestore'
import { type DocumentServer, startDocumentServer } from '#local/documents/server.ts'
import { clientsOf } from './clients.ts'

// What production refuses and Google's emulator lets through, or answers otherwise.
let server: DocumentServer
let clients: ReturnType<typeof clientsOf>
let firestore: Firestore

beforeAll(async () => {
  server = await startDocumentServer({ port: 0, dataDir: null })
  clients = clientsOf(server.host)
  firestore = clients.newClient()
})
afterAll(async () => {
  await clients.close()
  await server.close()
})

test('a document takes 500 transforms in one commit and not one more', async () => {
  const transforms = (count: number) =>
    Object.fromEntries(Array.from({ length: count }, (_, n) => [`f${n}`, FieldValue.increment(1)]))
  await expect(firestore.doc('c/most').set(transforms(500))).resolves.toBeDefined()
  await expect(firestore.doc('c/more').set(transforms(501))).rejects.toMatchObject({ code: 3 })
  const batch = firestore.batch()
  for (let n = 0; n < 2; n++) batch.set(firestore.doc('c/twice'), transforms(300))
  await expect(batch.commit()).rejects.toMatchObject({ code: 3 })
  expect((await firestore.collection('c').get()).docs.map((each) => each.id)).toEqual(['most'])
})

test('a commit above 11 MiB is refused at once, one of 10 MiB is written', async () => {
  const bytes = Buffer.alloc(1_040_000)
  const commitOf = (documents: number) => {
    const batch = firestore.batch()
    for (let n = 0; n < documents; n++) batch.set(firestore.doc(`large/d${n}`), { bytes })
    return batch.commit()
  }
  await expect(commitOf(12)).rejects.toMatchObject({ code: 3, details: expect.stringMatching(/exceeds the limit/) })
  expect((await firestore.collection('large').get()).empty).toBe(true)
  await expect(commitOf(10)).resolves.toHaveLength(10)
})

test('a time more than an hour ago can no longer be read', async () => {
  const readTime = Timestamp.fromMillis(Date.now() - 3_601_000)
  const read = firestore.runTransaction((transaction) => transaction.get(firestore.doc('c/most')), {
    readOnly: true,
    readTime,
  })
  await expect(read).rejects.toMatchObject({ code: 9 })
})

test('a reading transaction is told when what it saw is kept no longer, not that it is missing', async () => {
  let nowMs = Date.now()
  const aged = await startDocumentServer({ port: 0, dataDir: null, now: () => nowMs })
  const own = clientsOf(aged.host)
  const document = own.newClient().doc('c/d')
  try {
    await document.set({ n: 1 })
    const read = document.firestore.runTransaction(
      async (transaction) => {
        const before = await transaction.get(document)
        await document.set({ n: 2 })
        const again = await transaction.get(document)
        expect([before.get('n'), again.get('n')]).toEqual([1, 1])
        nowMs += 3_601_000
        await document.set({ n: 3 })
        return await transaction.get(document)
      },
      { readOnly: true },
    )
    await expect(read).rejects.toMatchObject({ code: 9 })
  } finally {
    await own.close()
    await aged.close()
  }
})
