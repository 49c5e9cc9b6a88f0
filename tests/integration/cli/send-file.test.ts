import { randomBytes } from 'node:crypto'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { localBuckets, localProject } from '#local/environment.ts'
import { startTemporaryCloud } from '#local/temporary-cloud.ts'
import { createHttpClient } from '#shared/http/client.ts'
import { createUrlSigner } from '#shared/objects/signed-urls.ts'
import { createStorage } from '#shared/objects/storage.ts'
import type { PhotoFile } from '../../../cli/training/photo-files.ts'
import { sendFile, type UploadStart } from '../../../cli/uploads/send-file.ts'

const KIB = 1024
const http = createHttpClient()
let folder: string

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'send-file-'))
})

afterAll(async () => {
  http.close()
  await rm(folder, { recursive: true, force: true })
})

async function photoOf(sizeBytes: number): Promise<PhotoFile & { bytes: Buffer }> {
  const bytes = randomBytes(sizeBytes)
  const name = `${sizeBytes}.jpg`
  await writeFile(join(folder, name), bytes)
  return { path: join(folder, name), name, contentType: 'image/jpeg', sizeBytes, bytes }
}

/** A session whose answers are written down beforehand; `cut` breaks the connection off. */
async function scripted(answers: readonly ((request: IncomingMessage, response: ServerResponse) => void)[]) {
  const ranges: string[] = []
  const remaining = [...answers]
  let started = 0
  const server = createServer((request, response) => {
    if (request.method === 'POST') {
      started += 1
      return void response.writeHead(201, { location: `${url}/session` }).end()
    }
    ranges.push(request.headers['content-range'] ?? '')
    const answer = remaining.shift()
    if (answer === undefined) return void response.writeHead(500).end()
    answer(request, response)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
  const close = () => new Promise<unknown>((resolve) => server.close(resolve))
  return {
    start: { url, method: 'POST', headers: {} },
    session: `${url}/earlier`,
    ranges,
    started: () => started,
    close,
  }
}

const cut = (request: IncomingMessage) => void request.socket.destroy()
const kept = (bytes: number) => (request: IncomingMessage, response: ServerResponse) => {
  request.resume()
  response.writeHead(308, bytes > 0 ? { range: `bytes=0-${bytes - 1}` } : {}).end()
}
const finished = (request: IncomingMessage, response: ServerResponse) => {
  request.on('end', () => response.writeHead(200).end()).resume()
}

/** Sends to a session that begins at `start`; what fails is tried again at once. */
function send(file: PhotoFile, start: UploadStart, more: Partial<Parameters<typeof sendFile>[1]> = {}) {
  return sendFile(http, {
    file,
    start,
    signal: new AbortController().signal,
    onProgress: () => {},
    retry: { sleep: async () => {} },
    ...more,
  })
}

test('a photo of several chunks arrives whole in the bucket that signed for it', async () => {
  const { cloud, close } = await startTemporaryCloud()
  Object.assign(
    process.env,
    cloud.environmentFor('http://127.0.0.1:1'),
    cloud.trainingEnvironment('http://127.0.0.1:1'),
  )
  try {
    const storage = createStorage({ projectId: localProject })
    const photo = await photoOf(9 * KIB * KIB + 17)
    const object = { bucket: localBuckets.work, name: 'training-uploads/u/a.jpg' }
    const signed = await createUrlSigner(storage).signUpload({
      ...object,
      ...photo,
      name: object.name,
      expiresInMs: 60_000,
    })
    const seen: number[] = []

    await send(photo, signed, { onProgress: (doneBytes) => seen.push(doneBytes) })

    const [stored] = await storage.bucket(object.bucket).file(object.name).download()
    expect(stored.equals(photo.bytes)).toBe(true)
    expect(seen).toEqual([0, 8 * KIB * KIB, photo.sizeBytes])
  } finally {
    await close()
  }
})

test('goes on behind what is kept when the connection breaks', async () => {
  const photo = await photoOf(600 * KIB)
  const server = await scripted([cut, kept(256 * KIB), finished])

  await send(photo, server.start)

  const size = photo.sizeBytes
  expect(server.ranges).toEqual([
    `bytes 0-${size - 1}/${size}`,
    `bytes */${size}`,
    `bytes ${256 * KIB}-${size - 1}/${size}`,
  ])
  await server.close()
})

test('an end whose answer was lost is found out by asking, and nothing is sent again', async () => {
  const photo = await photoOf(100)
  const server = await scripted([cut, finished])

  await send(photo, server.start)

  expect(server.ranges).toEqual(['bytes 0-99/100', 'bytes */100'])
  await server.close()
})

test('a bucket that keeps nothing is not sent to for ever', async () => {
  const photo = await photoOf(100)
  const server = await scripted([...Array(20)].map(() => kept(0)))

  const end = send(photo, server.start)

  await expect(end).rejects.toMatchObject({ code: 'forge.upload-stalled' })
  await server.close()
})

test('a refusal is told with the bucket’s word for it, and without the address', async () => {
  const photo = await photoOf(100)
  const server = await scripted([
    (request, response) => {
      request.resume()
      response.writeHead(400).end('<Error><Code>EntityTooLarge</Code></Error>')
    },
  ])

  const end = send(photo, server.start)

  await expect(end).rejects.toMatchObject({
    code: 'forge.upload-refused',
    message: 'The bucket did not take 100.jpg (400, EntityTooLarge).',
    retryable: false,
  })
  await server.close()
})

test('goes on with the session of an earlier call, where the bucket has it still', async () => {
  const photo = await photoOf(600 * KIB)
  const server = await scripted([kept(256 * KIB), finished])
  const seen: number[] = []

  await send(photo, server.start, {
    session: server.session,
    onProgress: (doneBytes) => seen.push(doneBytes),
  })

  const size = photo.sizeBytes
  expect(server.ranges).toEqual([`bytes */${size}`, `bytes ${256 * KIB}-${size - 1}/${size}`])
  expect([server.started(), seen]).toEqual([0, [256 * KIB, size]])
  await server.close()
})

test.each([404, 410])(
  'begins anew when the bucket has forgotten the session (%d), and says with which',
  async (status) => {
    const photo = await photoOf(100)
    const forgotten = (request: IncomingMessage, response: ServerResponse) => {
      request.resume()
      response.writeHead(status).end()
    }
    const server = await scripted([forgotten, finished])
    const sessions: string[] = []

    await send(photo, server.start, {
      session: server.session,
      onSession: async (session) => void sessions.push(session),
    })

    expect(server.ranges).toEqual(['bytes */100', 'bytes 0-99/100'])
    expect([server.started(), sessions]).toEqual([1, [`${server.start.url}/session`]])
    await server.close()
  },
)
