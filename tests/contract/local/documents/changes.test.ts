import { FieldValue } from '@google-cloud/firestore'
import { type DocumentChange, startDocumentServer } from '#local/documents/server.ts'
import { messageType } from '#local/documents/wire/schema.ts'
import { clientsOf } from './clients.ts'

const DocumentType = messageType('Document')
const changes: DocumentChange[] = []
const seen = () => changes.splice(0)

let server: Awaited<ReturnType<typeof startDocumentServer>>
let clients: ReturnType<typeof clientsOf>

beforeAll(async () => {
  server = await startDocumentServer({ port: 0, dataDir: null, onChange: (change) => changes.push(change) })
  clients = clientsOf(server.host)
})
afterAll(async () => {
  await clients.close()
  await server.close()
})

function decoded(bytes: Uint8Array | null): unknown {
  return bytes === null ? null : DocumentType.toObject(DocumentType.decode(bytes), { longs: String })
}

test('a change carries the documents before and after, its paths and the commit’s time', async () => {
  const document = clients.newClient().doc('c/d')
  const name = 'projects/contract/databases/(default)/documents/c/d'
  const { writeTime } = await document.set({ a: 1, m: { x: 1, y: 2 } })
  await document.update({ 'm.x': 9, 'new.field': 1 })
  await document.delete()
  const [created, updated, deleted] = seen()
  expect(created).toMatchObject({ name, before: null, changedFieldPaths: [] })
  // A Date has milliseconds, the commit's time microseconds.
  expect(Math.abs(created!.commitTime.getTime() - writeTime.toMillis())).toBeLessThanOrEqual(1)
  expect(decoded(created!.after)).toMatchObject({ name, fields: { a: { integerValue: '1' } } })
  expect(updated!.before).toEqual(created!.after)
  expect(updated!.changedFieldPaths.sort()).toEqual(['m.x', 'new'])
  expect(decoded(updated!.after)).toMatchObject({
    fields: { m: { mapValue: { fields: { x: { integerValue: '9' } } } } },
  })
  expect(deleted).toMatchObject({ name, after: null, before: updated!.after, changedFieldPaths: [] })
})

test('writes that change nothing are no changes', async () => {
  const document = clients.newClient().doc('c/same')
  await document.set({ a: 1 })
  seen()
  await document.set({ a: 1 })
  await document.update({ a: 1 })
  await document.parent.doc('missing').delete()
  await expect(document.create({ a: 2 })).rejects.toMatchObject({ code: 6 })
  expect(seen()).toEqual([])
  // A control: the same calls do report a change.
  await document.update({ a: 1.5 })
  expect(seen()).toHaveLength(1)
})

test('a batch that writes a document several times is one change of it', async () => {
  const firestore = clients.newClient()
  const batch = firestore.batch()
  batch.set(firestore.doc('c/often'), { a: 1 })
  batch.update(firestore.doc('c/often'), { b: 2 })
  batch.delete(firestore.doc('c/never'))
  await batch.commit()
  const all = seen()
  expect(all.map((change) => change.name.split('/').at(-1))).toEqual(['often'])
  expect(decoded(all[0]!.after)).toMatchObject({ fields: { a: {}, b: {} } })
})

test('changes come in the order of commits and before the writer hears of them', async () => {
  const firestore = clients.newClient()
  const writes = Array.from({ length: 100 }, async (_, index) => {
    await firestore.doc(`order/d${index % 7}`).set({ index })
    expect(changes.some((change) => JSON.stringify(decoded(change.after)).includes(`"${index}"`))).toBe(true)
  })
  await Promise.all(writes)
  const times = seen().map((change) => change.commitTime.getTime())
  expect(times).toHaveLength(100)
  expect(times).toEqual([...times].sort((left, right) => left - right))
})

test('a vector is one value among the changed paths', async () => {
  const document = clients.newClient().doc('c/vector')
  await document.set({ v: FieldValue.vector([1, 2]), same: 1 })
  seen()
  await document.update({ v: FieldValue.vector([1, 3]) })
  expect(seen()[0]?.changedFieldPaths).toEqual(['v'])
})

test('a plain HTTP request is answered, so that a script can see that the server is up', async () => {
  const response = await fetch(`http://${server.host}/`)
  expect([response.status, await response.text()]).toEqual([200, 'Ok\n'])
})

test('a listener goes on after the server was restarted', async () => {
  const first = await startDocumentServer({ port: 0, dataDir: null })
  const own = clientsOf(first.host)
  const firestore = own.newClient()
  await firestore.doc('c/lost').set({ n: 1 })
  const results: string[][] = []
  let notify = () => {}
  const stop = firestore.collection('c').onSnapshot((snapshot) => {
    results.push(snapshot.docs.map((each) => each.id))
    notify()
  })
  const until = async (ids: string) => {
    while (results.at(-1)?.join() !== ids) {
      await new Promise<void>((resolve) => {
        notify = resolve
      })
    }
  }
  await until('lost')
  await first.close()
  const second = await startDocumentServer({ port: first.port, dataDir: null })
  await firestore.doc('c/new').set({ n: 2 })
  await until('new')
  stop()
  await own.close()
  await second.close()
})
