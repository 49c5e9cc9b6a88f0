import { appendFileSync, mkdtempSync, readdirSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as after } from 'node:timers/promises'
import { startDocumentServer } from '#local/documents/server.ts'
import { clientsOf } from './clients.ts'
import { runProgram } from './programs/run.ts'

// More on demand: KILLS=50.
const KILLS = Number(process.env.KILLS ?? 3)
const directories: string[] = []
const freshDirectory = () => {
  const directory = mkdtempSync(join(tmpdir(), 'documents-'))
  directories.push(directory)
  return directory
}
afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true })
})

/** Runs `work` against a server of this process on the directory. */
async function withServer<T>(dataDir: string, work: (clients: ReturnType<typeof clientsOf>) => Promise<T>): Promise<T> {
  const server = await startDocumentServer({ port: 0, dataDir })
  const clients = clientsOf(server.host)
  try {
    return await work(clients)
  } finally {
    await clients.close()
    await server.close()
  }
}

test(
  'every acknowledged write survives SIGKILL under load, and no batch is torn',
  async () => {
    const dataDir = freshDirectory()
    const acknowledged = new Set<number>()
    let next = 0
    let server = await runProgram('server', [dataDir])
    const host = server.line
    const clients = clientsOf(host)
    const firestore = clients.newClient()
    let done = false
    let lost = 0
    const write = async () => {
      while (!done) {
        const number = next++
        const batch = firestore.batch()
        batch.set(firestore.doc(`left/d${number}`), { number })
        batch.set(firestore.doc(`right/d${number}`), { number })
        // What the client itself does not retry is a write without an acknowledgement.
        const written = await batch.commit().then(
          () => true,
          () => false,
        )
        if (written) acknowledged.add(number)
        else lost++
      }
    }
    const writers = Array.from({ length: 8 }, write)
    for (let round = 0; round < KILLS; round++) {
      const enough = acknowledged.size + 50
      while (acknowledged.size < enough) await after(5)
      await server.kill()
      server = await runProgram('server', [dataDir, host.split(':')[1] ?? ''])
    }
    done = true
    await Promise.all(writers)
    await clients.close()
    await server.kill()
    expect(lost).toBeLessThan(acknowledged.size)
    await withServer(dataDir, async (clients) => {
      const firestore = clients.newClient()
      const [left, right] = await Promise.all(
        ['left', 'right'].map(async (name) => {
          const found = await firestore.collection(name).get()
          return found.docs.map((each) => each.get('number') as number).sort((a, b) => a - b)
        }),
      )
      expect(left).toEqual(right)
      expect([...acknowledged].filter((number) => !left?.includes(number))).toEqual([])
      expect(acknowledged.size).toBeGreaterThanOrEqual(50 * KILLS)
    })
  },
  60_000 + KILLS * 5_000,
)

test('a restart keeps documents, deletions and times, and later commits have later times', async () => {
  const dataDir = freshDirectory()
  const before = await withServer(dataDir, async (clients) => {
    const firestore = clients.newClient()
    await firestore.doc('c/kept').set({ n: 1, nested: { list: [1, null, Buffer.from([1])] } })
    await firestore.doc('c/kept').update({ n: 2 })
    await firestore.doc('c/gone').set({ n: 1 })
    await firestore.doc('c/gone').delete()
    return firestore.doc('c/kept').get()
  })
  await withServer(dataDir, async (clients) => {
    const firestore = clients.newClient()
    const found = await firestore.collection('c').get()
    expect(found.docs.map((each) => each.id)).toEqual(['kept'])
    const after = found.docs[0]!
    expect(after.data()).toEqual(before.data())
    expect(after.createTime.isEqual(before.createTime!)).toBe(true)
    expect(after.updateTime.isEqual(before.updateTime!)).toBe(true)
    const { writeTime } = await firestore.doc('c/kept').update({ n: 3 })
    expect(writeTime.valueOf() > after.updateTime.valueOf()).toBe(true)
  })
})

test('a torn end of the log is cut off and writing goes on behind it', async () => {
  const dataDir = freshDirectory()
  await withServer(dataDir, (clients) => clients.newClient().doc('c/a').set({ n: 1 }))
  const log = join(dataDir, readdirSync(dataDir).find((name) => name.startsWith('log-'))!)
  // A length that promises more than there is.
  appendFileSync(log, Buffer.from([200, 0, 0, 0, 1, 2, 3, 4, 5, 6]))
  await withServer(dataDir, (clients) => clients.newClient().doc('c/b').set({ n: 2 }))
  await withServer(dataDir, async (clients) => {
    const found = await clients.newClient().collection('c').get()
    expect(found.docs.map((each) => each.data())).toEqual([{ n: 1 }, { n: 2 }])
  })
})

test('an idle directory is not opened by two servers', async () => {
  const dataDir = freshDirectory()
  await withServer(dataDir, async () => {
    await expect(startDocumentServer({ port: 0, dataDir })).rejects.toThrow(/in use/)
  })
  await withServer(dataDir, async () => {})
})

test('the log is replaced by a snapshot when it has grown, and nothing is lost', async () => {
  const dataDir = freshDirectory()
  const text = 'x'.repeat(500_000)
  await withServer(dataDir, async (clients) => {
    const firestore = clients.newClient()
    await firestore.doc('c/first').set({ text, n: 0 })
    for (let n = 1; n <= 40; n++) await firestore.doc('c/second').set({ text, n })
    await firestore.doc('c/gone').set({ text })
    await firestore.doc('c/gone').delete()
  })
  const sizeBytes = readdirSync(dataDir).reduce((sum, name) => sum + statSync(join(dataDir, name)).size, 0)
  expect(readdirSync(dataDir).some((name) => name.startsWith('snapshot-'))).toBe(true)
  expect(sizeBytes).toBeLessThan(12_000_000)
  await withServer(dataDir, async (clients) => {
    const found = await clients.newClient().collection('c').select('n').get()
    expect(found.docs.map((each) => [each.id, each.get('n')])).toEqual([
      ['first', 0],
      ['second', 40],
    ])
  })
})
