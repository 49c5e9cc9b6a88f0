import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { firstAnswerMs } from '../../../bench/cold/first-answer.ts'
import { ignoredModelEvent } from '../../../bench/model-event.ts'
import { syncEnvironment } from '../../../bench/sync-environment.ts'
import { bundleService } from '../../../tools/build/bundle-service.ts'

const entry = fileURLToPath(new URL('../../../services/model-sync/main.ts', import.meta.url))
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'model-sync-bundle-'))
  await bundleService({ entry, workers: [], outDir: folder })
  await symlink(fileURLToPath(new URL('../../../node_modules', import.meta.url)), join(folder, 'node_modules'))
})

afterAll(() => rm(folder, { recursive: true }))

test('answers a write that asks for nothing before Google’s clients are loaded', async () => {
  // Whoever asks for them in that time gets an error instead of an answer.
  await rm(join(folder, 'google-clients.cjs'))
  const start = { file: join(folder, 'main.cjs'), env: syncEnvironment({}), request: ignoredModelEvent() }
  await expect(firstAnswerMs(start)).resolves.toBeGreaterThan(0)
})
