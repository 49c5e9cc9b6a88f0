import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '#local/service-process.ts'
import { bundleService } from '../../../tools/build/bundle-service.ts'
import { until } from '../../support/until.ts'

const entry = fileURLToPath(new URL('../../../services/api/main.ts', import.meta.url))
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'api-bundle-'))
  await bundleService({ entry, workers: [], outDir: folder })
  await symlink(fileURLToPath(new URL('../../../node_modules', import.meta.url)), join(folder, 'node_modules'))
})

afterAll(() => rm(folder, { recursive: true }))

test('answers what needs no document before Google’s clients are loaded', async () => {
  // Whoever asks for them in that time gets an error instead of an answer.
  await rm(join(folder, 'google-clients.cjs'))
  const port = await freePort()
  const child = spawn(process.execPath, [join(folder, 'main.cjs')], {
    env: {
      PATH: process.env.PATH,
      PORT: String(port),
      GOOGLE_CLOUD_PROJECT: 'test-project',
      STORAGE_BUCKET: 'app-bucket',
      MODELS_STORAGE_BUCKET: 'models-bucket',
    },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const exited = once(child, 'exit')
  try {
    const answers: Response[] = []
    await until(async () => {
      const answer = await fetch(`http://127.0.0.1:${port}/openapi.json`).catch(() => null)
      if (answer) answers.push(answer)
      return answer !== null || child.exitCode !== null
    })
    expect(answers.map(({ status }) => status)).toEqual([200])
    expect(await answers[0]?.json()).toMatchObject({ openapi: '3.1.0', paths: { '/api/trainings': { get: {} } } })
  } finally {
    child.kill('SIGTERM')
    await exited
  }
})

test('has none of zod’s languages but the one that it speaks', async () => {
  const code = await readFile(join(folder, 'service.cjs'), 'utf8')
  const locales = [...code.matchAll(/^\/\/ node_modules\/zod\/v4\/locales\/(\w+)\.js$/gm)].map(([, name]) => name)
  expect(locales).toContain('en')
  expect(locales).not.toContain('de')
})
