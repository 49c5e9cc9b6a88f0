import { EventEmitter } from 'node:events'
import { mkdtemp, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { type Bucket, Storage, type StorageOptions } from '@google-cloud/storage'
import { crc32c } from '@node-rs/crc32'
import {
  type BucketServer,
  type BucketServerOptions,
  type ObjectChange,
  startBucketServer,
} from '#local/bucket/server.ts'

process.env.METADATA_SERVER_DETECTION = 'none'
// A download of the client puts eleven listeners on one stream; Node warns from the eleventh on.
EventEmitter.defaultMaxListeners = 20

/** A running server with its own directory, a client of it and one bucket; `stop` leaves nothing behind. */
export interface Fixture {
  server: BucketServer
  storage: Storage
  bucket: Bucket
  dataDir: string
  changes: ObjectChange[]
  /** What the server itself got wrong; empty at the end of every test. */
  errors: unknown[]
  /** Stops the server and starts it again on the same directory and port. */
  restart(): Promise<void>
  stop(): Promise<void>
}

export async function startFixture(options: Partial<BucketServerOptions> = {}): Promise<Fixture> {
  const dataDir = await mkdtemp(join(tmpdir(), 'bucket-server-'))
  const changes: ObjectChange[] = []
  const errors: unknown[] = []
  const start = (port: number): Promise<BucketServer> =>
    startBucketServer({
      dataDir,
      durability: 'process',
      onChange: (change) => changes.push(change),
      onError: (error) => errors.push(error),
      ...options,
      port,
    })
  const server = await start(0)
  await server.createBucket('uploads')
  const storage = clientOf(server.url)
  const fixture: Fixture = {
    server,
    storage,
    bucket: storage.bucket('uploads'),
    dataDir,
    changes,
    errors,
    async restart() {
      const { port } = fixture.server
      await fixture.server.close()
      fixture.server = await start(port)
    },
    async stop() {
      await fixture.server.close()
      await rm(dataDir, { recursive: true, force: true })
    },
  }
  return fixture
}

export function clientOf(url: string, options: StorageOptions = {}): Storage {
  return new Storage({
    apiEndpoint: url,
    projectId: 'test-project',
    useAuthWithCustomEndpoint: false,
    retryOptions: { autoRetry: false },
    crc32cGenerator: () => new NativeCrc32c(),
    ...options,
  })
}

/** The client's own CRC32C takes a second for 100 MiB. */
class NativeCrc32c {
  #crc = 0

  update(bytes: Buffer): void {
    this.#crc = crc32c(bytes, this.#crc)
  }

  validate(expected: string): boolean {
    return this.toString() === expected
  }

  toString(): string {
    const bytes = Buffer.alloc(4)
    bytes.writeUInt32BE(this.#crc)
    return bytes.toString('base64')
  }
}

/** The status of the failure that a promise ends in; fails where it ends well. */
export async function statusOf(promise: Promise<unknown>): Promise<number> {
  const error: unknown = await promise.then(
    () => null,
    (reason: unknown) => reason,
  )
  if (error === null) throw new Error('The call did not fail.')
  const { code, status } = error as { code?: number | string; status?: number }
  return Number(status ?? code)
}

/** A server for each test of a suite, which has to do without errors of its own. */
export function useFixture(): () => Fixture {
  let fixture: Fixture
  beforeEach(async () => {
    fixture = await startFixture()
  })
  afterEach(async () => {
    await fixture.stop()
    expect(fixture.errors).toEqual([])
  })
  return () => fixture
}
