import { mkdtemp, readdir, rm, writeFile } from 'node:fs/promises'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { startBucketServer } from '#local/bucket/server.ts'
import { until } from '../../../../support/until.ts'
import { type Fixture, startFixture } from '../bucket-server.ts'
import { findLosses, killUnderLoad } from './kill-under-load.ts'
import { spawnServer } from './spawned-server.ts'

describe('after a restart', () => {
  let fixture: Fixture

  afterEach(async () => {
    await fixture.stop()
    expect(fixture.errors).toEqual([])
  })

  test('buckets, objects, metadata and access are as they were', async () => {
    fixture = await startFixture({ durability: 'fsync' })
    await fixture.bucket.setMetadata({ labels: { a: '1' } })
    const file = fixture.bucket.file('ü/deep/name')
    await file.save('bytes', { metadata: { metadata: { a: '1' } } })
    await file.setMetadata({ cacheControl: 'no-cache' })
    await file.makePublic()
    const [before] = await file.getMetadata()
    const [bucketBefore] = await fixture.bucket.getMetadata()

    await fixture.restart()

    expect((await file.getMetadata())[0]).toEqual(before)
    expect((await fixture.bucket.getMetadata())[0]).toEqual(bucketBefore)
    expect((await file.download({ validation: 'md5' }))[0].toString()).toBe('bytes')
    expect((await fetch(file.publicUrl())).status).toBe(200)
    expect((await fixture.bucket.getFiles())[0].map(({ name }) => name)).toEqual(['ü/deep/name'])
  })

  test('a second server is refused before it takes what the first is being sent for litter', async () => {
    fixture = await startFixture()
    const upload = fixture.bucket.file('slow').createWriteStream({ resumable: false })
    upload.write(Buffer.alloc(2 * 1024 * 1024, 'a'))
    const contents = () => readdir(join(fixture.dataDir, 'content'))
    await until(async () => (await contents()).length > 0)

    await expect(startBucketServer({ port: 0, dataDir: fixture.dataDir })).rejects.toThrow(/another bucket server/)

    await finished(upload.end('b'))
    expect((await fixture.bucket.file('slow').getMetadata())[0]).toMatchObject({ size: '2097153' })
  })

  test('what was deleted stays deleted', async () => {
    fixture = await startFixture()
    await fixture.bucket.file('a').save('1', { resumable: false })
    await fixture.bucket.file('a').delete()

    await fixture.restart()

    expect(await fixture.bucket.file('a').exists()).toEqual([false])
  })

  test('generations go on rising though the clock stands still and the newest object was deleted', async () => {
    const now = new Date('2026-11-21T00:00:00Z')
    fixture = await startFixture({ now: () => now })
    const generationOf = async (name: string): Promise<number> => {
      await fixture.bucket.file(name).save('x', { resumable: false })
      return Number((await fixture.bucket.file(name).getMetadata())[0].generation)
    }
    const before = await generationOf('a')
    await fixture.bucket.file('a').delete()

    await fixture.restart()

    expect(before).toBe(now.getTime() * 1000)
    expect(await generationOf('b')).toBe(before + 1)
  })

  test('litter of a killed server is swept: content without a record, temporaries, half a bucket', async () => {
    fixture = await startFixture()
    await fixture.bucket.file('kept').save('bytes', { resumable: false })
    await writeFile(join(fixture.dataDir, 'content', 'orphan'), 'x')
    await writeFile(join(fixture.dataDir, 'buckets', 'uploads', 'objects', 'a.json.1.tmp'), '{"half')

    await fixture.restart()

    expect(await readdir(join(fixture.dataDir, 'content'))).toHaveLength(1)
    expect(await readdir(join(fixture.dataDir, 'buckets', 'uploads', 'objects'))).toHaveLength(1)
    expect((await fixture.bucket.file('kept').download())[0].toString()).toBe('bytes')
  })

  test('overwritten and deleted content leaves no file behind', async () => {
    fixture = await startFixture()
    for (const content of ['1', '2', '3']) await fixture.bucket.file('a').save(content, { resumable: content === '2' })
    await fixture.bucket.file('a').copy('b')
    await fixture.bucket.combine(['a', 'b'], 'c')
    await fixture.bucket.deleteFiles()

    expect(await readdir(join(fixture.dataDir, 'content'))).toEqual([])
    expect(await readdir(join(fixture.dataDir, 'uploads'))).toEqual([])
  })

  test('an upload that is cut leaves no file behind', async () => {
    fixture = await startFixture()
    const socket = createConnection(fixture.server.port, '127.0.0.1')
    const path = '/upload/storage/v1/b/uploads/o?uploadType=media&name=cut'
    socket.write(`POST ${path} HTTP/1.1\r\nhost: x\r\ncontent-length: 1000000\r\n\r\n${'x'.repeat(100_000)}`)
    const content = join(fixture.dataDir, 'content')
    while ((await readdir(content)).length === 0) await new Promise((resolve) => setImmediate(resolve))

    socket.destroy()
    while ((await readdir(content)).length > 0) await new Promise((resolve) => setImmediate(resolve))

    expect(await fixture.bucket.file('cut').exists()).toEqual([false])
  })
})

describe('after SIGKILL under load', () => {
  // Fifty kills are in kills.long.test.ts.
  const KILLS = 3
  let dataDir: string

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'bucket-kill-'))
  })

  afterAll(() => rm(dataDir, { recursive: true, force: true }))

  test('no acknowledged write is lost and no object is torn', async () => {
    const acknowledged = await killUnderLoad(dataDir, { kills: KILLS, writesEach: 40 })
    const server = await spawnServer(dataDir, 'fsync')
    const { lost, torn, objects } = await findLosses(acknowledged, server.url)
    await server.kill()
    expect([lost, torn]).toEqual([[], []])
    expect(objects).toBeGreaterThanOrEqual(20 * KILLS)
  })
})
