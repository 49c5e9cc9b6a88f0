import { createHash } from 'node:crypto'
import { createWriteStream } from 'node:fs'
import { mkdtemp, open, readdir, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { pipeline } from 'node:stream/promises'
import { safetensorsContent } from '#local/file-host/safetensors-content.ts'
import { startTerminalWorld, type TerminalWorld } from './forge-world.ts'
import { type HeldProxy, startHeldProxy } from './held-proxy.ts'
import { barRows, hasTmux, percentOf } from './terminal.ts'

const MiB = 1024 * 1024

if (!hasTmux) {
  test('skipped: no tmux', () => console.log('skipped: no tmux'))
} else {
  describe('model files of this machine in a terminal', () => {
    let world: TerminalWorld
    let folder: string
    let bucket: HeldProxy
    beforeAll(async () => {
      folder = await mkdtemp(join(tmpdir(), 'model-files-'))
      world = await startTerminalWorld({ service: true, env: { XDG_CONFIG_HOME: join(folder, 'config') } })
      bucket = await startHeldProxy(world.cloud.bucket.url, 20 * MiB)
      await world.startApi(bucket.url)
    })
    afterAll(async () => {
      await bucket.close()
      await world.close()
      await rm(folder, { recursive: true, force: true })
    })

    /** A file that takes no room on the disk and seconds to hash. */
    async function sparseFile(name: string, sizeBytes: number): Promise<string> {
      const path = join(folder, name)
      const file = await open(path, 'w')
      await file.truncate(sizeBytes)
      await file.close()
      return path
    }

    test('hashing shows one bar within 80 columns, beside a name of wide characters too', async () => {
      const path = await sparseFile('とても長い名前のモデルファイル・第二版・最終.safetensors', 1536 * MiB)
      const terminal = await world.forge(['models', 'identify', path])
      const seen = new Set<number>()
      await terminal.shows((rows) => {
        const percent = percentOf(rows)
        if (percent !== null) seen.add(percent)
        return seen.size >= 3
      })
      // Nobody knows it: that is its answer, and the code for "not found".
      expect(await terminal.exitCode()).toBe(1)
      const rows = await terminal.rows()
      expect(barRows(rows)).toEqual([])
      expect(rows.join('')).toContain('unknown')
      expect(rows.join('\n')).toMatch(/SHA-256 +[0-9a-f]{64}/)
    })

    test('Ctrl-C is heard in the middle of hashing', async () => {
      const terminal = await world.forge(['models', 'identify', await sparseFile('endless.safetensors', 1024 ** 4)])
      await terminal.shows((rows) => percentOf(rows) !== null)
      await terminal.press('C-c')
      expect(await terminal.exitCode()).toBe(130)
      expect(await terminal.rows()).toEqual(['Interrupted. Nothing was sent.'])
    })

    test('a sync that the API is asked for shows its bytes as they come', async () => {
      const { sha256: _sha256, ...ids } = world.addCivitaiModel(40 * MiB)
      const document = { name: 'rain', userId: 'ana', syncStatus: 'notsynced', engine: 'civitai', ...ids }
      await world.db.doc('ai_models/rain').set(document)
      world.cloud.hubs.fileHost.shape({ bytesPerSecondPerConnection: MiB })
      const terminal = await world.forge(['models', 'sync', 'rain'])
      const seen = new Set<number>()
      await terminal.shows((rows) => {
        const percent = percentOf(rows)
        if (percent !== null) seen.add(percent)
        return seen.size >= 2
      })
      world.cloud.hubs.fileHost.shape({})
      expect(await terminal.exitCode()).toBe(0)
      const rows = await terminal.rows()
      expect(barRows(rows)).toEqual([])
      expect(rows.slice(0, 2)).toEqual(['rain  asked for', 'rain  synced'])
    })

    test('an upload that Ctrl-C has cut goes on with the next call, and the file becomes a synced model', async () => {
      const content = safetensorsContent({ sizeBytes: 40 * MiB, seed: 77 })
      const path = join(folder, 'Portrait.safetensors')
      const hash = createHash('sha256')
      await pipeline(async function* () {
        for (let first = 0; first < content.sizeBytes; first += MiB) {
          const bytes = Buffer.concat(content.views(first, Math.min(first + MiB, content.sizeBytes)))
          hash.update(bytes)
          yield bytes
        }
      }, createWriteStream(path))
      const sha256 = hash.digest('hex')
      const kept = () => readdir(join(folder, 'config', 'charaforge', 'uploads'))

      const first = await world.forge(['models', 'add', path, '--type', 'lora'])
      // Two pieces of 8 MiB are there, and the third is held back.
      await first.shows((rows) => rows.some((row) => /uploading/.test(row)) && percentOf(rows) === 40)
      await first.press('C-c')
      expect(await first.exitCode()).toBe(130)
      expect((await first.rows()).join('')).toContain('Interrupted. The same call goes on')
      expect(await kept()).toHaveLength(1)

      bucket.release()
      const second = await world.forge(
        `forge models add ${path} --type lora --json 2>&1 | tee ${join(folder, 'second')}`,
      )
      expect(await second.exitCode()).toBe(0)
      const said = (await readFile(join(folder, 'second'), 'utf8')).trimEnd().split('\n')
      const records = said.map((line) => JSON.parse(line) as Record<string, unknown>)
      expect(records.at(-1)).toMatchObject({ type: 'end', state: 'synced', sha256, size_bytes: content.sizeBytes })
      await expect(kept()).rejects.toThrow('ENOENT')

      // What had arrived was not sent again.
      expect(bucket.passedBytes()).toBeLessThan(50 * MiB)

      const found = await world.forge(['models', 'identify', path])
      expect(await found.exitCode()).toBe(0)
      expect((await found.rows()).join('\n')).toMatch(/Portrait\.safetensors {2}Portrait\n/)
    })
  })
}
