import { readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { until } from '../support/until.ts'
import { startTerminalWorld, type TerminalWorld } from './forge-world.ts'
import { barRows, hasTmux, percentOf } from './terminal.ts'

const MiB = 1024 * 1024
/** The job says how far it is every two seconds: several times before the end. */
const slow = { bytesPerSecondPerConnection: 2 * MiB }
const fileBytes = 40 * MiB

if (!hasTmux) {
  test('skipped: no tmux', () => console.log('skipped: no tmux'))
} else {
  describe('forge sync --watch in a terminal', () => {
    let world: TerminalWorld
    beforeAll(async () => {
      world = await startTerminalWorld({ service: true, env: { SYNC_LANES: '1', SYNC_PART_BYTES: String(MiB) } })
    })
    afterAll(() => world.close())

    /** A model that asks for nothing yet, and takes twenty seconds as long as the host is slow. */
    async function addModel(id: string): Promise<string> {
      const { sha256, ...ids } = world.addCivitaiModel(fileBytes)
      await world.db.doc(`ai_models/${id}`).set({ name: id, syncStatus: 'notsynced', engine: 'civitai', ...ids })
      world.cloud.hubs.fileHost.shape(slow)
      return sha256
    }
    const hurry = () => world.cloud.hubs.fileHost.shape({})
    const modelOf = async (id: string) => (await world.db.doc(`ai_models/${id}`).get()).data()

    test('one bar is written over in one row of the 80 columns, and is gone when the sync has ended', async () => {
      const sha256 = await addModel('bar')
      const terminal = await world.forge(['sync', 'bar', '--watch'])
      const seen = new Set<number>()
      await terminal.shows((rows) => {
        const percent = percentOf(rows)
        if (percent !== null) seen.add(percent)
        return seen.size >= 3
      })
      expect([...seen]).toEqual([...seen].toSorted((a, b) => a - b))
      const [bar = ''] = barRows(await terminal.rows())
      expect(bar).toMatch(/^bar {2}copying {2}[█▉▊▋▌▍▎▏]*░+ {3}\d+ % {2}[\d.]+ of 40\.0 MiB {2}.*left/)
      expect(bar.length).toBeLessThanOrEqual(77)
      hurry()
      expect(await terminal.exitCode()).toBe(0)
      const rows = await terminal.rows()
      expect(barRows(rows)).toEqual([])
      expect(rows[0]).toMatch(/^bar {2}asked for, job [0-9a-f]{40}$/)
      expect(rows.join('\n')).toContain(`sha256 ${sha256}`)
    })

    test('Ctrl-C ends the watching with code 130; the sync goes on, and another call sees it to its end', async () => {
      const sha256 = await addModel('interrupted')
      const first = await world.forge(['sync', 'interrupted', '--watch'])
      await first.shows((rows) => percentOf(rows) !== null)
      await first.press('C-c')
      expect(await first.exitCode()).toBe(130)
      const said = await first.rows()
      expect(barRows(said)).toEqual([])
      expect(said.join('')).toContain('Interrupted. The sync goes on: "forge sync interrupted --watch" shows it')
      expect((await modelOf('interrupted'))?.syncStatus).toBe('syncing')

      const second = await world.forge(['sync', 'interrupted', '--watch'])
      const rows = await second.shows((now) => (percentOf(now) ?? 0) > 0)
      expect(rows[0]).toMatch(/^interrupted {2}is under way already, job /)
      hurry()
      expect(await second.exitCode()).toBe(0)
      expect(await modelOf('interrupted')).toMatchObject({ syncStatus: 'synced', sha256 })
    })

    test('in a pipe there are plain lines, and no escape codes, although it runs in a terminal', async () => {
      await addModel('piped')
      const file = join(tmpdir(), `forge-piped-${process.pid}.txt`)
      const terminal = await world.forge(`forge sync piped --watch 2>&1 | tee ${file}`)
      await terminal.shows((rows) => rows.some((row) => /copying {2}\d+ %/.test(row)))
      hurry()
      expect(await terminal.exitCode()).toBe(0)
      const text = await readFile(file, 'utf8')
      await rm(file)
      // biome-ignore lint/suspicious/noControlCharactersInRegex: they are what is looked for.
      expect(text).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f]/)
      expect(text).not.toMatch(/[█░]/)
      const lines = text.trimEnd().split('\n')
      expect(lines[0]).toMatch(/^piped {2}asked for, job /)
      expect(lines.some((line) => /^piped {2}copying {2}\d+ % {2}[\d.]+ of 40\.0 MiB/.test(line))).toBe(true)
      expect(lines.at(-4)).toMatch(/^piped {2}synced in /)
    })
  })

  describe('forge worker run in a terminal', () => {
    let world: TerminalWorld
    beforeAll(async () => {
      const env = { SYNC_LANES: '1', SYNC_PART_BYTES: String(MiB), SYNC_COPY_WAIT_MS: '500' }
      world = await startTerminalWorld({ service: false, env })
    })
    afterAll(() => world.close())

    test('Ctrl-C in the middle of a copy leaves it to be resumed: the next worker fetches what is missing only', async () => {
      const { sha256, ...ids } = world.addCivitaiModel(fileBytes)
      await world.db.doc('ai_models/mine').set({ name: 'mine', syncStatus: 'syncing', engine: 'civitai', ...ids })
      const { fileHost } = world.cloud.hubs
      fileHost.shape({ bytesPerSecondPerConnection: 8 * MiB })
      const first = await world.forge(['worker', 'run', '--once', '--only', 'models'])
      // Parts that are complete are what the next one goes on with.
      const storedParts = async () => (await world.objects()).filter((name) => /part-/.test(name)).length
      await until(async () => (await storedParts()) >= 5)
      await first.press('C-c')
      expect(await first.exitCode()).toBe(130)
      const fetchedBefore = fileHost.bytesSent
      const storedBytes = MiB * (await storedParts())
      fileHost.shape({})

      const second = await world.forge(['worker', 'run', '--once', '--only', 'models'])
      expect(await second.exitCode()).toBe(0)
      expect((await world.db.doc('ai_models/mine').get()).data()).toMatchObject({ syncStatus: 'synced', sha256 })
      expect(fileHost.bytesSent - fetchedBefore).toBe(fileBytes - storedBytes)
    })
  })
}
