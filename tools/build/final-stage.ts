import { execFileSync, spawn } from 'node:child_process'
import { once } from 'node:events'
import { chmodSync, cpSync, existsSync, mkdirSync, readFileSync, realpathSync } from 'node:fs'
import { createServer } from 'node:net'
import { dirname, join } from 'node:path'
import { EXTERNAL } from './bundle-service.ts'

const startTimeoutMs = 30_000
/** As the Dockerfiles' USER. */
const USER = '1000:1000'
/** What is loaded by native packages beside what Node itself needs; all of glibc's, as the rest. */
const ALSO = ['librt.so.1', 'libresolv.so.2']
/** Where the images have it. */
const JEMALLOC = '/usr/local/lib/libjemalloc.so.2'

/**
 * Does what the final stage does, by `chroot`: a root that holds nothing but Node, the C and C++ libraries and the service's
 * payload, no shell, no package, no passwd. Starts the service there and waits until it is ready.
 * @returns how, in words. @throws Error where it does not start. Needs root, and glibc here.
 */
export async function tryFinalStage(options: {
  service: string
  payload: string
  root: string
  /** A libjemalloc.so.2 to preload, as the image does; null goes without. */
  jemalloc: string | null
}): Promise<string> {
  const { service, payload, root, jemalloc } = options
  mkdirSync(root, { recursive: true })
  // A temporary folder is its maker's alone; the service runs as somebody else.
  chmodSync(root, 0o755)
  const libraries = copyLibraries(root)
  copyInto(root, realpathSync(process.execPath), '/usr/local/bin/node')
  cpSync(payload, join(root, 'srv', service), { recursive: true })
  mkdirSync(join(root, 'tmp'), { mode: 0o777 })
  if (jemalloc !== null) copyInto(root, realpathSync(jemalloc), JEMALLOC)
  const preload = jemalloc === null ? {} : { LD_PRELOAD: JEMALLOC }
  const inRoot = [`--userspec=${USER}`, root, '/usr/local/bin/node']
  const native = EXTERNAL.filter((name) => existsSync(join(payload, 'node_modules', name)))
  const load = native.map((name) => `require('/srv/${service}/node_modules/${name}')`).join(';')
  execFileSync('chroot', [...inRoot, '-e', load], { env: { ...process.env, ...preload }, stdio: 'inherit' })
  const port = await freePort()
  const child = spawn('chroot', [...inRoot, `/srv/${service}/main.cjs`], {
    env: { ...environment(port), ...preload, PATH: process.env.PATH },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  let log = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    log += text
  })
  const exited = once(child, 'exit')
  const began = performance.now()
  try {
    await untilReady(`http://127.0.0.1:${port}/health/ready`, child)
    // `chroot` itself, outside, complains that it has no such library; the service is what must have it.
    const maps = readFileSync(`/proc/${child.pid}/maps`, 'utf8')
    if (jemalloc !== null && !maps.includes('libjemalloc')) throw new Error('jemalloc was not loaded.')
  } catch (error) {
    process.stderr.write(log)
    throw error
  } finally {
    child.kill('SIGTERM')
    await exited
  }
  const ms = Math.round(performance.now() - began)
  return `ready on /health after ${ms} ms, as ${USER}, in a root of Node, ${libraries} libraries and the payload; ${native.join(', ') || 'nothing native'} loads${jemalloc === null ? '' : ', with jemalloc preloaded'}`
}

function environment(port: number): Record<string, string> {
  return {
    NODE_ENV: 'production',
    PORT: String(port),
    GOOGLE_CLOUD_PROJECT: 'check-dockerfile',
    STORAGE_BUCKET: 'check',
    WORK_BUCKET: 'check-work',
    MODELS_STORAGE_BUCKET: 'check-models',
    FIRESTORE_EMULATOR_HOST: '127.0.0.1:1',
    METADATA_SERVER_DETECTION: 'none',
  }
}

/** What Node is linked with, each at its own path. @returns how many */
function copyLibraries(root: string): number {
  const listed = execFileSync('ldd', [process.execPath], { encoding: 'utf8' })
  const paths = [...listed.matchAll(/(?:=> )?(\/\S+) \(0x/g)].map(([, path = '']) => path)
  const folder = dirname(paths.find((path) => path.includes('libc.so')) ?? '/lib')
  const all = new Set([...paths, ...ALSO.map((name) => join(folder, name))])
  for (const path of all) copyInto(root, realpathSync(path), path)
  return all.size
}

function copyInto(root: string, source: string, path: string): void {
  mkdirSync(dirname(join(root, path)), { recursive: true })
  cpSync(source, join(root, path))
}

async function untilReady(url: string, child: { exitCode: number | null }): Promise<void> {
  for (const deadline = Date.now() + startTimeoutMs; Date.now() < deadline && child.exitCode === null; ) {
    const answer = await fetch(url).catch(() => null)
    await answer?.body?.cancel()
    if (answer?.ok) return
    await new Promise((later) => setTimeout(later, 50))
  }
  throw new Error(`The service ended with ${child.exitCode}, or was not ready within ${startTimeoutMs / 1000} s.`)
}

async function freePort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1')
  await once(server, 'listening')
  const address = server.address()
  server.close()
  await once(server, 'close')
  if (address === null || typeof address === 'string') throw new Error('There is no free port.')
  return address.port
}
