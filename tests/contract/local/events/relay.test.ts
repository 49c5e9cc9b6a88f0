import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { anyPorts, startCloud } from '#local/cloud.ts'
import { type DocumentChange, startDocumentServer } from '#local/documents/server.ts'
import { parseCloudEvent } from '#shared/events/parse-cloud-event.ts'
import { silentLogger } from '#shared/logging/logger.ts'
import { sleep } from '#shared/retry/sleep.ts'
import { captureLog } from '../../../support/captured-log.ts'
import { connectFirestore } from '../../../support/documents.ts'
import { startReceiver, until } from '../../../support/receiver.ts'
import { seededRandom } from '../../../support/seeded-random.ts'
import { PROJECT, relayContract, startRelay, told, watching } from './relay-suite.ts'

relayContract('a relay of our own document server', () => startDocumentServer({ port: 0, dataDir: null }))

/**
 * What happened to each document, byte by byte. The changes of one commit come in another order from a listener, and for a
 * deletion it has the moment at which it was told.
 */
function histories(changes: readonly DocumentChange[]): Record<string, string[]> {
  const byName: Record<string, string[]> = {}
  const hex = (bytes: Uint8Array | null): string => (bytes === null ? '-' : Buffer.from(bytes).toString('hex'))
  for (const { name, before, after, changedFieldPaths, commitTime } of changes) {
    const time = after === null ? 'deleted' : commitTime.toISOString()
    const history = byName[name] ?? []
    byName[name] = history
    history.push(
      [
        told({ name, before, after } as DocumentChange),
        time,
        changedFieldPaths.toSorted(),
        hex(before),
        hex(after),
      ].join(' '),
    )
  }
  return byName
}

test('a relay tells the same changes as the server that makes events itself', async () => {
  const direct: DocumentChange[] = []
  const relayed: DocumentChange[] = []
  const server = await startDocumentServer({ port: 0, dataDir: null, onChange: (change) => direct.push(change) })
  const db = connectFirestore(server.host, PROJECT)
  const relay = await startRelay(server.host, (change) => void relayed.push(change))
  const random = seededRandom(7)
  const pick = (count: number): number => Math.floor(random() * count)
  for (let round = 0; round < 40; round++) {
    const batch = db.batch()
    for (let index = pick(4); index >= 0; index--) {
      const document = db.doc(`m/${pick(5)}`)
      if (pick(3) === 0) batch.delete(document)
      else batch.set(document, { n: pick(3), map: { x: pick(2) } }, { merge: pick(2) === 0 })
    }
    await batch.commit()
  }
  await db.doc('m/end').set({ n: 1 })
  await until(() => relayed.some(({ name }) => name.endsWith('/end')))
  expect(direct.length).toBeGreaterThan(50)
  expect(histories(relayed)).toEqual(histories(direct))
  await relay.close()
  await db.terminate()
  await server.close()
})

test('what changes while the Firestore is gone is told when it is back', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'relay-'))
  const changes: DocumentChange[] = []
  const log = captureLog()
  const gap = Promise.withResolvers<void>()
  let server = await startDocumentServer({ port: 0, dataDir })
  const { port, host } = server
  const write = async (work: (db: ReturnType<typeof connectFirestore>) => Promise<unknown>): Promise<void> => {
    const db = connectFirestore(host, PROJECT)
    await work(db)
    await db.terminate()
  }
  await write((db) =>
    Promise.all(['kept', 'changed', 'deleted', 'replaced'].map((id) => db.doc(`m/${id}`).set({ n: 1 }))),
  )
  const relay = await startRelay(host, (change) => void changes.push(change), {
    log: log.logger,
    sleep: async (_, signal) => {
      await gap.promise
      await sleep(5, signal)
    },
  })
  await server.close()
  await until(() => log.entries.length > 0)
  server = await startDocumentServer({ port, dataDir })
  await write(async (db) => {
    await db.doc('m/changed').set({ n: 2 })
    await db.doc('m/changed').set({ n: 3 })
    await db.doc('m/deleted').delete()
    await db.doc('m/replaced').delete()
    await db.doc('m/replaced').set({ n: 2 })
    await db.doc('m/new').set({ n: 1 })
  })
  gap.resolve()
  await until(() => changes.length >= 4)
  expect(changes.map(told).toSorted()).toEqual([
    'm/changed: 1 > 3',
    'm/deleted: 1 > -',
    'm/new: - > 1',
    'm/replaced: 1 > 2',
  ])
  expect(log.messages()).toEqual([expect.stringContaining('FIRESTORE_EMULATOR_HOST is gone')])
  await relay.close()
  await server.close()
  await rm(dataDir, { recursive: true })
})

test('a relay does not start where no Firestore answers, and says which', async () => {
  const server = await startDocumentServer({ port: 0, dataDir: null })
  await server.close()
  await expect(startRelay(server.host, () => {}, { startTimeoutMs: 100 })).rejects.toThrow(
    `No Firestore answers at ${server.host}, which FIRESTORE_EMULATOR_HOST names.`,
  )
})

test.each(['**', '{a}/{b}', 'ai_models/{x=**}'])('a relay cannot follow %s and says so', async (pattern) => {
  await expect(startRelay('127.0.0.1:1', () => {}, { triggers: [watching(pattern)] })).rejects.toThrow(pattern)
})

test('the local cloud delivers events of a Firestore that it did not start', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'relay-'))
  const receiver = await startReceiver()
  const firestore = await startDocumentServer({ port: 0, dataDir: null })
  const cloud = await startCloud({
    dataDir,
    ports: anyPorts,
    triggers: [{ ...watching('ai_models/{id}'), url: receiver.url }],
    documentsHost: firestore.host,
    logger: silentLogger,
  })
  const db = connectFirestore(firestore.host, 'charaforge-local')
  await db.doc('ai_models/a').set({ syncStatus: 'syncing' })
  await until(() => receiver.received.length > 0)
  const [request] = receiver.received
  const event = parseCloudEvent({ headers: request!.headers, body: request!.body })
  expect(event).toMatchObject({ kind: 'document-written', change: 'created', document: 'ai_models/a' })
  await cloud.close()
  await db.terminate()
  await firestore.close()
  await receiver.close()
  await rm(dataDir, { recursive: true })
})
