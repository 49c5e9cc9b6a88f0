import { randomInt } from 'node:crypto'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { otherFirestore } from '#local/dev.ts'
import { defaultPorts } from '#local/environment.ts'
import { serviceTable } from '#local/services.ts'
import { runProcess, startProcess } from '../support/processes.ts'
import { until } from '../support/until.ts'

const portOffset = 10_000 + randomInt(10_000)
const dev = (dataDir: string, offset = portOffset) => [
  'local/main.ts',
  'dev',
  '--data',
  dataDir,
  '--port-offset',
  `${offset}`,
]

const answers = async (port: number) => (await fetch(`http://127.0.0.1:${port}/health`).catch(() => null)) !== null
const servicePorts = serviceTable.map((_, index) => defaultPorts.services + portOffset + index)

test('npm run dev has its data for itself, and leaves no service behind when it is killed in the middle of its start', async () => {
  const dataDir = await mkdtemp(join(tmpdir(), 'dev-'))
  const first = startProcess(dev(dataDir))
  await first.says(/image-worker\S* Listening/)

  // At once, and on ports of its own: while the first one still starts.
  const second = await runProcess(dev(dataDir, portOffset + 1_500))
  expect(second).toMatchObject({ code: 1, stderr: expect.stringMatching(/in use by another local cloud/) })

  await first.kill()
  await until(async () => !(await Promise.all(servicePorts.map(answers))).includes(true))
  await rm(dataDir, { recursive: true })
})

test('its own address, which it says to export, is no Firestore of somebody else’s', () => {
  const at = (host?: string) => otherFirestore(host === undefined ? {} : { FIRESTORE_EMULATOR_HOST: host }, 8085)

  expect([at(), at(''), at('127.0.0.1:8085'), at('localhost:8085')]).toEqual([null, null, null, null])
  expect([at('127.0.0.1:8080'), at('db:8085')]).toEqual(['127.0.0.1:8080', 'db:8085'])
})
