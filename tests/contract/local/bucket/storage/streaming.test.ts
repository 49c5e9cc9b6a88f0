import { mkdtemp, rm } from 'node:fs/promises'
import { request } from 'node:http'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { type SpawnedServer, spawnServer } from './spawned-server.ts'

const MIB = 1024 * 1024
const OBJECT_MIB = 256

let dataDir: string
let server: SpawnedServer

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'bucket-stream-'))
  server = await spawnServer(dataDir, 'process')
})

afterAll(async () => {
  await server.kill()
  await rm(dataDir, { recursive: true, force: true })
})

function* chunks(): Generator<Buffer> {
  const chunk = Buffer.alloc(MIB, 7)
  for (let count = 0; count < OBJECT_MIB; count++) yield chunk
}

/** The client's own streams would cost more than what is measured here. */
async function upload(name: string): Promise<number> {
  const url = `${server.url}/upload/storage/v1/b/uploads/o?uploadType=media&name=${name}`
  const call = request(url, { method: 'POST', headers: { 'content-length': OBJECT_MIB * MIB } })
  const status = new Promise<number>((resolve, reject) => {
    call.once('response', (response) => resolve(response.resume().statusCode ?? 0)).once('error', reject)
  })
  await pipeline(Readable.from(chunks()), call)
  return status
}

async function download(name: string): Promise<number> {
  const response = await fetch(`${server.url}/storage/v1/b/uploads/o/${name}?alt=media`)
  let sizeBytes = 0
  for await (const chunk of response.body ?? []) sizeBytes += chunk.byteLength
  return sizeBytes
}

test('an object of 256 MiB goes in and out while the server grows by less than 100 MiB', async () => {
  const before = await server.peakBytes()

  expect(await upload('large')).toBe(200)
  expect(await download('large')).toBe(OBJECT_MIB * MIB)

  const growth = (await server.peakBytes()) - before
  // A control: no Node process is that small, so a reading below it measures nothing.
  expect(before).toBeGreaterThan(20 * MIB)
  expect(growth).toBeLessThan(100 * MIB)
})
