import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { runProcess, startProcess } from '../support/processes.ts'

let folder = ''
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'demo-sync-test-'))
})
afterEach(() => rm(folder, { recursive: true, force: true }))

test('the sync demo copies a generated model, says what was synced how fast, and leaves nothing behind', async () => {
  const { code, stdout, stderr } = await runProcess(['local/main.ts', 'demo-sync', '--size', '24MB'], {
    TMPDIR: folder,
  })
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
  expect(stdout).toMatch(/^synced$/m)
  expect(stdout).toMatch(/^ {2}object +gs:\/\/\S+\/models\/Demo_Checkpoint\/9101\.safetensors$/m)
  expect(stdout).toMatch(/^ {2}SHA-256 +[0-9a-f]{64}$/m)
  expect(stdout).toMatch(/^ {2}size +24000000 bytes$/m)
  expect(stdout).toMatch(/^ {2}speed +\d+ MB\/s$/m)
  if (process.platform === 'linux') expect(stdout).toMatch(/^ {2}peak memory +\d+ MiB/m)
  expect(await readdir(folder)).toEqual([])
})

test('a sync demo that is stopped ends its service and removes its data', async () => {
  const demo = startProcess(['local/main.ts', 'demo-sync', '--size', '256MiB'], { TMPDIR: folder })
  await demo.says(/Syncing/)
  demo.child.kill('SIGINT')
  expect(await demo.exited).toBe(1)
  expect(demo.output()).toMatch(/The demo was stopped\./)
  expect(await readdir(folder)).toEqual([])
})

test('a size that is none exits with 2 and says what is one', async () => {
  expect(await runProcess(['local/main.ts', 'demo-sync', '--size', 'huge'])).toMatchObject({
    code: 2,
    stderr: expect.stringMatching(/--size takes .*1GiB, not "huge"/),
  })
})
