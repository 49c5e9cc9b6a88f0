import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { howMany } from '../../../../support/how-many.ts'
import { findLosses, killUnderLoad } from './kill-under-load.ts'
import { spawnServer } from './spawned-server.ts'

const KILLS = howMany({ gate: 12, full: 50 })
/** At the same time, each with its own directory: most of the time goes into starts. */
const SERVERS = 2

const directories = Array.from({ length: SERVERS }, () => mkdtempSync(join(tmpdir(), 'bucket-kills-')))
afterAll(() => {
  for (const directory of directories) rmSync(directory, { recursive: true, force: true })
})

test(`no acknowledged write is lost and no object is torn by ${KILLS} SIGKILLs under load`, async () => {
  const runs = await Promise.all(
    directories.map((dataDir) => killUnderLoad(dataDir, { kills: KILLS / SERVERS, writesEach: 20 })),
  )
  expect(runs.reduce((sum, { kills }) => sum + kills, 0)).toBe(KILLS)
  for (const [index, acknowledged] of runs.entries()) {
    const server = await spawnServer(directories[index] ?? '', 'fsync')
    const { lost, torn, objects } = await findLosses(acknowledged, server.url)
    await server.kill()
    expect([lost, torn]).toEqual([[], []])
    expect(objects).toBeGreaterThanOrEqual((8 * KILLS) / SERVERS)
  }
})
