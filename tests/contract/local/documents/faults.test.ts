import type { Firestore } from '@google-cloud/firestore'
import { type DocumentServer, startDocumentServer } from '#local/documents/server.ts'
import { clientsOf } from './clients.ts'
import { rawClient } from './raw-client.ts'

const DATABASE = 'projects/contract/databases/(default)'

let server: DocumentServer
let clients: ReturnType<typeof clientsOf>
let firestore: Firestore
let api: ReturnType<typeof rawClient>

beforeAll(async () => {
  server = await startDocumentServer({ port: 0, dataDir: null })
  clients = clientsOf(server.host)
  firestore = clients.newClient()
  api = rawClient(server.host)
})
afterEach(() => {
  server.faults.assertAllFired()
  server.faults.clear()
})
afterAll(async () => {
  api.close()
  await clients.close()
  await server.close()
})

const commitOne = (id: string) =>
  api.call('Commit', {
    database: DATABASE,
    writes: [{ update: { name: `${DATABASE}/documents/c/${id}`, fields: {} } }],
  })
const exists = async (id: string) => (await firestore.doc(`c/${id}`).get()).exists

test('a status answers the next calls of its kind, and no others', async () => {
  server.faults.inject({ fault: { kind: 'status', code: 'ABORTED' }, times: 2, endpoint: 'Commit' })
  expect(await exists('a')).toBe(false)
  await expect(commitOne('a')).rejects.toMatchObject({ code: 10 })
  await expect(commitOne('a')).rejects.toMatchObject({ code: 10 })
  expect(await exists('a')).toBe(false)
  await commitOne('a')
  expect(await exists('a')).toBe(true)
})

test('a call that is UNAVAILABLE is tried again by the official client', async () => {
  const order = server.faults.inject({ fault: { kind: 'status', code: 'UNAVAILABLE' }, times: 1, endpoint: 'Commit' })
  await firestore.doc('c/again').set({ n: 1 })
  expect(order.fired).toBe(1)
})

test('a lost answer hides that the work was done', async () => {
  server.faults.inject({ fault: { kind: 'lost-answer', code: 'UNKNOWN' }, times: 1, endpoint: 'Commit' })
  await expect(commitOne('done')).rejects.toMatchObject({ code: 2 })
  expect(await exists('done')).toBe(true)
})

test('a reset connection is a lost server to its caller, and nothing was done', async () => {
  server.faults.inject({ fault: { kind: 'reset' }, times: 1, endpoint: 'Commit' })
  await expect(commitOne('reset')).rejects.toMatchObject({ code: 14 })
  expect(await exists('reset')).toBe(false)
})

test('a call that stalls ends with its deadline', async () => {
  server.faults.inject({ fault: { kind: 'stall' }, times: 1, endpoint: 'Commit' })
  await expect(api.call('Commit', { database: DATABASE, writes: [] }, { deadlineMs: 50 })).rejects.toMatchObject({
    code: 4,
  })
})

test('a delayed call is answered rightly, later', async () => {
  server.faults.inject({ fault: { kind: 'delay', ms: 30 }, times: 1, endpoint: 'Commit' })
  const started = performance.now()
  await commitOne('late')
  expect(performance.now() - started).toBeGreaterThanOrEqual(29)
  expect(await exists('late')).toBe(true)
})

test('a listener whose stream breaks is told of later changes all the same', async () => {
  server.faults.inject({ fault: { kind: 'status', code: 'UNAVAILABLE' }, times: 1, endpoint: 'Listen' })
  const seen = new Promise<unknown>((resolve, reject) => {
    const stop = firestore.doc('c/heard').onSnapshot((snapshot) => {
      if (!snapshot.exists) return
      stop()
      resolve(snapshot.data())
    }, reject)
  })
  await firestore.doc('c/heard').set({ n: 1 })
  expect(await seen).toEqual({ n: 1 })
})

test('a call brings its own fault in a header', async () => {
  const header = { 'x-fault': JSON.stringify({ kind: 'status', code: 'RESOURCE_EXHAUSTED' }) }
  const request = { database: DATABASE, writes: [] }
  await expect(api.call('Commit', request, { header })).rejects.toMatchObject({ code: 8 })
  await expect(api.call('Commit', request)).resolves.toBeDefined()
  await expect(api.call('Commit', request, { header: { 'x-fault': 'nonsense' } })).rejects.toMatchObject({ code: 3 })
})

test('other processes order faults over HTTP and see which fired', async () => {
  const control = `http://${server.host}/_control/faults`
  const order = { fault: { kind: 'status', code: 'ABORTED' }, endpoint: 'Commit' }
  expect((await fetch(control, { method: 'POST', body: JSON.stringify(order) })).status).toBe(201)
  expect(() => server.faults.assertAllFired()).toThrow(/status \(0 of 1\)/)
  await expect(commitOne('ordered')).rejects.toMatchObject({ code: 10 })
  expect(await (await fetch(control)).json()).toEqual([{ ...order, times: 1, fired: 1 }])
  expect((await fetch(control, { method: 'POST', body: '{"fault":{"kind":"flood"}}' })).status).toBe(400)
})

test('all documents are removed over HTTP, as with Google’s emulator', async () => {
  await firestore.doc('c/a/deep/b').set({})
  const url = `http://${server.host}/emulator/v1/${DATABASE}/documents`
  expect((await fetch(url, { method: 'DELETE' })).status).toBe(200)
  expect(await firestore.listCollections()).toEqual([])
})

test('a broken request over HTTP harms nobody but its sender', async () => {
  await expect(fetch(`http://${server.host}/%E0%A4%A`)).rejects.toThrow()
  const cut = new AbortController()
  const half = new ReadableStream({
    start: (controller) => controller.enqueue(Buffer.from('{')),
    pull: () => cut.abort(),
  })
  const order = { method: 'POST', body: half, duplex: 'half', signal: cut.signal } as RequestInit
  await expect(fetch(`http://${server.host}/_control/faults`, order)).rejects.toThrow()
  expect((await fetch(`http://${server.host}/`)).status).toBe(200)
})
