import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startProcess } from '../support/processes.ts'

test('a training demo that is stopped ends its services and removes its data', async () => {
  const folder = await mkdtemp(join(tmpdir(), 'demo-train-test-'))
  const demo = startProcess(['local/main.ts', 'demo-train'], { TMPDIR: folder })
  await demo.says(/ training/)
  demo.child.kill('SIGINT')
  expect(await demo.exited).toBe(1)
  expect(demo.output()).toMatch(/The demo was stopped\./)
  expect(await readdir(folder)).toEqual([])
  await rm(folder, { recursive: true, force: true })
})
