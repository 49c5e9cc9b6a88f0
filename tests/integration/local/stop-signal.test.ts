import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { startProcess } from '../../support/processes.ts'

test('a server alone ends in order although one Ctrl-C comes more than once, as under npm', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'stop-signal-'))
  const server = startProcess(['local/main.ts', 'bucket', '--data', dataDir, '--create', 'my-bucket'])
  await server.says(/is ready at/)
  expect(await readdir(dataDir)).toContain('bucket-server.pid')

  for (let time = 0; time < 3; time++) {
    server.child.kill('SIGINT')
    // Two that wait at the same moment would be one.
    await new Promise((resolve) => setImmediate(resolve))
  }

  expect(await server.exited).toBe(0)
  expect(await readdir(dataDir)).not.toContain('bucket-server.pid')
  await rm(dataDir, { recursive: true })
})
