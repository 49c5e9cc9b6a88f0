import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { freePort } from '#local/service-process.ts'
import { ignoredEvent, workerEnvironment } from '../../../bench/worker-environment.ts'
import { type BundleSize, bundleService } from '../../../tools/build/bundle-service.ts'
import { startDocuments } from '../../support/documents.ts'
import { until } from '../../support/until.ts'

const service = new URL('../../../services/image-worker/', import.meta.url)
let folder: string
let sizes: BundleSize[]

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'image-worker-bundle-'))
  sizes = await bundleService({ entry: fileURLToPath(new URL('main.ts', service)), workers: [], outDir: folder })
  await symlink(fileURLToPath(new URL('../../../node_modules', import.meta.url)), join(folder, 'node_modules'))
})

afterAll(() => rm(folder, { recursive: true }))

test('keeps of zod only what is used: imported as { z }, all of it comes along and every start takes 10 ms longer', () => {
  const main = sizes.find((size) => size.file.endsWith('/service.cjs'))
  const zod = main?.packages.find(([name]) => name === 'zod')
  expect(zod?.[1]).toBeGreaterThan(0)
  expect(zod?.[1]).toBeLessThan(350_000)
})

test('leaves the administration of databases out of Firestore’s client', () => {
  const clients = sizes.find((size) => size.file.endsWith('/google-clients.cjs'))
  expect(clients?.sizeBytes).toBeLessThan(8_000_000)
  expect(clients?.packages.map(([name]) => name)).not.toContain('@google-cloud/secret-manager')
})

test('answers an event that is not its own without Firestore, then reads from Firestore', async () => {
  const documents = await startDocuments()
  const port = await freePort()
  const env = workerEnvironment({ bucketUrl: 'http://127.0.0.1:1', documentsHost: documents.host })
  const child: ChildProcess = spawn(process.execPath, [join(folder, 'main.cjs')], {
    env: { ...env, PORT: String(port) },
    stdio: ['ignore', 'ignore', 'inherit'],
  })
  const exited = once(child, 'exit')
  const post = (request: { path: string; headers: Record<string, string>; body: string }) =>
    fetch(`http://127.0.0.1:${port}${request.path}`, { method: 'POST', ...request })
  try {
    await until(async () => (await fetch(`http://127.0.0.1:${port}/health`).catch(() => null))?.ok ?? false)
    expect((await post(ignoredEvent)).status).toBe(204)
    expect((await post({ path: '/internal/jobs/none', headers: {}, body: '' })).status).toBe(204)
  } finally {
    child.kill('SIGTERM')
    expect(await exited).toEqual([0, null])
    await documents.close()
  }
})
