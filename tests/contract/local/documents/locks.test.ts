import { setTimeout as after } from 'node:timers/promises'
import { type DocumentServer, startDocumentServer } from '#local/documents/server.ts'
import { clientsOf } from './clients.ts'
import { runProgram } from './programs/run.ts'

let server: DocumentServer
let clients: ReturnType<typeof clientsOf>

beforeAll(async () => {
  server = await startDocumentServer({ port: 0, dataDir: null, contendedIdleMs: 1_000, lockWaitMs: 3_000 })
  clients = clientsOf(server.host)
})
afterAll(async () => {
  await clients.close()
  await server.close()
})

/** A promise with its switch. */
function gate(): { open: () => void; opened: Promise<void> } {
  let open = () => {}
  const opened = new Promise<void>((resolve) => {
    open = resolve
  })
  return { open, opened }
}

test('the locks of a client that is killed are free at once', async () => {
  const patient = await startDocumentServer({ port: 0, dataDir: null, contendedIdleMs: 60_000, lockWaitMs: 60_000 })
  const others = clientsOf(patient.host)
  const document = others.newClient().doc('locks/killed')
  await document.set({ n: 1 })
  const env = { FIRESTORE_EMULATOR_HOST: patient.host }
  const holder = await runProgram('lock-holder', [document.path], env, 'locked')
  let written = false
  const write = document.update({ n: 2 }).then(() => {
    written = true
  })
  // Another round trip on the same connection: the update has been waiting since before it.
  expect((await document.get()).get('n')).toBe(1)
  expect(written).toBe(false)
  // One more that dies while it waits in the queue must not get the lock later.
  const waiting = await runProgram('lock-holder', [document.path], env, 'asking')
  await waiting.kill()
  await holder.kill()
  await write
  expect((await document.get()).get('n')).toBe(2)
  await others.close()
  await patient.close()
})

test('a transaction that stands still gives way once another waits, and is run again', async () => {
  const firestore = clients.newClient()
  const document = firestore.doc('locks/idle')
  await document.set({ n: 1 })
  const { open, opened } = gate()
  let tries = 0
  const slow = firestore.runTransaction(async (transaction) => {
    tries++
    const n: number = (await transaction.get(document)).get('n')
    if (tries === 1) await opened
    transaction.update(document, { n: n + 1 })
  })
  while (tries === 0) await after(1)
  await firestore.doc('locks/other').set({})
  await document.update({ n: 100 })
  open()
  await slow
  expect(tries).toBe(2)
  expect((await document.get()).get('n')).toBe(101)
})

test('two transactions that wait for each other are told apart: both end, in turn', async () => {
  const [one, two] = [clients.newClient(), clients.newClient()]
  await one.doc('locks/a').set({ n: 0 })
  await one.doc('locks/b').set({ n: 0 })
  const first = gate()
  const second = gate()
  let tries = 0
  const cross = (client: typeof one, from: string, to: string, mine: typeof first, theirs: typeof first) =>
    client.runTransaction(async (transaction) => {
      tries++
      const n: number = (await transaction.get(client.doc(from))).get('n')
      mine.open()
      await theirs.opened
      const m: number = (await transaction.get(client.doc(to))).get('n')
      transaction.update(client.doc(from), { n: n + 1 })
      transaction.update(client.doc(to), { n: m + 1 })
    })
  await Promise.all([cross(one, 'locks/a', 'locks/b', first, second), cross(two, 'locks/b', 'locks/a', second, first)])
  expect(tries).toBe(3)
  expect((await one.doc('locks/a').get()).get('n')).toBe(2)
  expect((await one.doc('locks/b').get()).get('n')).toBe(2)
})

test('who waits too long for a busy document is ABORTED', async () => {
  const firestore = clients.newClient()
  const document = firestore.doc('locks/busy')
  await document.set({ n: 1 })
  const { open, opened } = gate()
  const locked = gate()
  let over = false
  void opened.then(() => {
    over = true
  })
  const busy = firestore.runTransaction(async (transaction) => {
    // Reading again and again, it is never idle.
    while (!over) {
      await transaction.get(document)
      locked.open()
      await after(20)
    }
  })
  await locked.opened
  const waiting = firestore.runTransaction((transaction) => transaction.get(document), { maxAttempts: 1 })
  await expect(waiting.finally(open)).rejects.toMatchObject({ code: 10 })
  await busy
})

test('a query of a transaction lets others write what it would not see', async () => {
  const firestore = clients.newClient()
  const collection = firestore.collection('locks-phantoms')
  await collection.doc('open').set({ state: 'open' })
  await firestore.runTransaction(async (transaction) => {
    await transaction.get(collection.where('state', '==', 'open'))
    await collection.doc('other').set({ state: 'closed' })
  })
  expect((await collection.get()).size).toBe(2)
})
