// node tools/fill-compile-cache.ts <folder with main.cjs>: one run of a service, so that later starts find their code
// compiled. The cache holds for this Node version, this path and this user only, so this runs where and as what the service will.
import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { existsSync } from 'node:fs'
import { createServer as createHttp2Server } from 'node:http2'
import { type AddressInfo, createServer, type Server } from 'node:net'
import { join, resolve } from 'node:path'

const folder = resolve(process.argv[2] ?? '.')
const port = await freePort()
const database = refusingDatabase()
const child = spawn(process.execPath, [join(folder, 'main.cjs')], {
  env: {
    PORT: String(port),
    GOOGLE_CLOUD_PROJECT: 'compile-cache',
    STORAGE_BUCKET: 'compile-cache',
    WORK_BUCKET: 'compile-cache-work',
    FIRESTORE_EMULATOR_HOST: `127.0.0.1:${await portOf(database)}`,
    METADATA_SERVER_DETECTION: 'none',
  },
  // Its log would only tell of the database that refuses.
  stdio: ['ignore', 'ignore', 'inherit'],
})
const exited = once(child, 'exit')
const event = {
  'ce-specversion': '1.0',
  'ce-id': '1',
  'ce-source': '//storage.googleapis.com/projects/_/buckets/compile-cache',
  'ce-type': 'google.cloud.storage.object.v1.finalized',
}

await answered()
// An event that is not for the service goes its whole way to an answer; a job needs the database's client.
await post('/', event, JSON.stringify({ bucket: 'compile-cache', name: 'other/picture.png', generation: '1' }))
await post('/internal/jobs/none', {}, '')
child.kill('SIGTERM')
const [code] = await exited
database.close()
if (code !== 0 || !existsSync(join(folder, '.compile-cache'))) {
  console.error(`The run ended with ${code}; the compile cache may be missing.`)
  process.exit(1)
}

async function answered(): Promise<void> {
  for (let tries = 0; tries < 400 && child.exitCode === null; tries++) {
    const answer = await fetch(`http://127.0.0.1:${port}/health/ready`).catch(() => null)
    if (answer?.ok) return
    await new Promise((later) => setTimeout(later, 50))
  }
  throw new Error('The service did not start.')
}

/** Whatever the answer is: the database below has none that would please. */
async function post(path: string, headers: Record<string, string>, body: string): Promise<void> {
  const all = { 'content-type': 'application/json', ...headers }
  await (await fetch(`http://127.0.0.1:${port}${path}`, { method: 'POST', headers: all, body })).arrayBuffer()
}

/** Speaks just enough gRPC to say PERMISSION_DENIED (7), which no client tries again. */
function refusingDatabase(): Server {
  const server = createHttp2Server()
  server.on('stream', (stream) => {
    stream.on('error', () => {})
    stream.respond({ ':status': 200, 'content-type': 'application/grpc', 'grpc-status': '7' }, { endStream: true })
  })
  return server.listen(0, '127.0.0.1')
}

async function freePort(): Promise<number> {
  const probe = createServer().listen(0, '127.0.0.1')
  const free = await portOf(probe)
  probe.close()
  return free
}

async function portOf(server: Server): Promise<number> {
  if (!server.listening) await once(server, 'listening')
  return (server.address() as AddressInfo).port // A listening TCP server's address is never a string or null.
}
