import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startDocumentServer } from '#local/documents/server.ts'
import { howMany } from '../../../support/how-many.ts'
import { clientsOf } from './clients.ts'
import { findLosses, killUnderLoad } from './kill-under-load.ts'

const KILLS = howMany({ gate: 12, full: 50 })
/** At the same time, each with its own directory: most of the time goes into starts. */
const SERVERS = 2

const directories = Array.from({ length: SERVERS }, () => mkdtempSync(join(tmpdir(), 'documents-kills-')))
afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true })
})

test(`no acknowledged write is lost and no commit is torn by ${KILLS} SIGKILLs under load`, async () => {
  const runs = await Promise.all(
    directories.map((dataDir) => killUnderLoad(dataDir, { kills: KILLS / SERVERS, commitsEach: 60 })),
  )
  expect(runs.reduce((sum, { kills }) => sum + kills, 0)).toBe(KILLS)
  for (const [index, acknowledged] of runs.entries()) {
    const server = await startDocumentServer({ port: 0, dataDir: directories[index] ?? null })
    const clients = clientsOf(server.host)
    const firestore = clients.newClient()
    const losses = await findLosses(acknowledged, async (collection) => {
      const { docs } = await firestore.collection(collection).get()
      return new Map(docs.map((each) => [each.id, each.get('number') as number]))
    })
    await clients.close()
    await server.close()
    expect(losses).toMatchObject({ lost: [], torn: [] })
    expect(acknowledged.pairs.size).toBeGreaterThanOrEqual((60 * KILLS) / SERVERS)
    expect(losses.documents).toBeGreaterThan(acknowledged.pairs.size)
  }
})
