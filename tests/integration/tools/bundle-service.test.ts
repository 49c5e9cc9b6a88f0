import { type ChildProcess, spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { fileURLToPath } from 'node:url'
import { type BundleSize, bundleService, pointAtBundledWorkers } from '../../../tools/build/bundle-service.ts'

// A real process of a real bundle: what `npm run build` makes and what the container runs.
const fixture = fileURLToPath(new URL('../../fixtures/build/', import.meta.url))
const good = { GOOGLE_CLOUD_PROJECT: 'demo', STORAGE_BUCKET: 'demo.appspot.com', PORT: '0' }

let folder: string
let sizes: BundleSize[]
const children: ChildProcess[] = []

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'bundle-'))
  sizes = await bundleService({
    entry: join(fixture, 'main.ts'),
    workers: [join(fixture, 'deep/fixture-worker.ts')],
    outDir: folder,
  })
  await symlink(fileURLToPath(new URL('../../../node_modules', import.meta.url)), join(folder, 'node_modules'))
})

afterEach(async () => {
  for (const child of children.splice(0)) {
    if (child.exitCode !== null || child.signalCode !== null) continue
    child.kill('SIGKILL')
    await once(child, 'exit')
  }
})

afterAll(() => rm(folder, { recursive: true }))

type Entry = Record<string, unknown>

function run(env: Record<string, string>) {
  const child = spawn(process.execPath, [join(folder, 'main.cjs')], {
    env: { METADATA_SERVER_DETECTION: 'none', FIRESTORE_EMULATOR_HOST: '127.0.0.1:1', ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  })
  children.push(child)
  const entries: Entry[] = []
  const waiting: { message: string; resolve: (entry: Entry) => void }[] = []
  createInterface({ input: child.stdout }).on('line', (line) => {
    const entry: Entry = JSON.parse(line)
    entries.push(entry)
    for (const wait of waiting) if (entry.message === wait.message) wait.resolve(entry)
  })
  const exited = once(child, 'close').then(([code]) => Number(code))
  const logged = async (message: string): Promise<Entry> => {
    const known = entries.find((entry) => entry.message === message)
    if (known !== undefined) return known
    const { promise, resolve } = Promise.withResolvers<Entry>()
    waiting.push({ message, resolve })
    const ended = exited.then((code) => {
      throw new Error(`The process ended with ${code} before it logged "${message}": ${JSON.stringify(entries)}`)
    })
    return Promise.race([promise, ended])
  }
  const ready = async () => {
    const listening = entries.find((entry) => 'port' in entry)
    await logged('Ready.')
    return `http://127.0.0.1:${(listening ?? entries.find((entry) => 'port' in entry))?.port}`
  }
  return { child, entries, exited, logged, ready }
}

test('bundles our code apart from the clients, and says what each file weighs', async () => {
  const files = await readdir(folder)
  for (const name of ['main.cjs', 'service.cjs', 'google-clients.cjs', 'fixture-worker.cjs', 'service.cjs.map']) {
    expect(files).toContain(name)
  }
  const service = sizes.find((size) => size.file.endsWith('/service.cjs'))
  expect(service?.packages.map(([name]) => name)).not.toContain('@google-cloud/firestore')
  expect(service?.sizeBytes).toBeLessThan(2_000_000)
  const code = await readFile(join(folder, 'service.cjs'), 'utf8')
  expect(code.includes('require("./google-clients.cjs")')).toBe(true)
})

test('serves: Google’s client, errors by their class, a worker thread beside the bundle', async () => {
  const { ready } = run(good)
  const url = await ready()
  expect(await (await fetch(`${url}/path`)).json()).toEqual({ path: 'a/b' })
  expect((await fetch(`${url}/refused`)).status).toBe(418)
  expect(await (await fetch(`${url}/worker`)).json()).toEqual({ message: 'from the thread' })
})

test('ends on SIGTERM after running work has checkpointed, and leaves a compile cache for the next start', async () => {
  const { child, ready, logged, exited, entries } = run(good)
  const url = await ready()
  const slow = fetch(`${url}/slow`)
  await logged('slow began')
  child.kill('SIGTERM')
  const answer = await slow
  expect([answer.status, await answer.text()]).toEqual([503, 'checkpointed'])
  expect(await exited).toBe(0)
  expect(entries.map((entry) => entry.message).slice(-2)).toEqual(['Shutting down.', 'hook ran'])
  expect(await readdir(join(folder, '.compile-cache'))).toHaveLength(1)
})

test('says what is wrong with its configuration in one entry, and exits with 1', async () => {
  const { entries, exited } = run({ GOOGLE_CLOUD_PROJECT: 'demo', PORT: 'x' })
  expect(await exited).toBe(1)
  expect(entries).toHaveLength(1)
  expect(entries[0]).toMatchObject({
    severity: 'ERROR',
    message: expect.stringMatching(/^image-worker cannot start: PORT is "x".*STORAGE_BUCKET is missing/),
  })
})

test('reports an error that nobody caught, and exits with 1', async () => {
  const { ready, entries, exited } = run(good)
  const url = await ready()
  const crash = fetch(`${url}/crash`).catch(() => 'cut')
  expect(await exited).toBe(1)
  expect(await crash).toBe('cut')
  expect(entries.at(-1)).toMatchObject({
    severity: 'ERROR',
    stack_trace: expect.stringContaining('nobody catches this'),
  })
})

test('points only at workers: other files keep their place', () => {
  expect(pointAtBundledWorkers("new URL('../a/cut-worker.ts', import.meta.url)")).toBe(
    "new URL('./cut-worker.cjs', import.meta.url)",
  )
  const other = "new URL('./page.html', import.meta.url)"
  expect(pointAtBundledWorkers(other)).toBe(other)
})
