import { createHash } from 'node:crypto'
import { FinalError } from '#shared/errors/app-error.ts'
import { failureOf, KIB, PART_BYTES, type TransferWorld, useTransferWorld } from './transfer-world.ts'

const world = useTransferWorld()

function sha256(bytes: Buffer): string {
  return createHash('sha256').update(bytes).digest('hex')
}

/** Copies until `parts` are stored, then shuts down. */
async function copyUntil(file: ReturnType<TransferWorld['add']>, parts: number): Promise<void> {
  const shutdown = new AbortController()
  const reason = new Error('shutdown')
  const watch = async (): Promise<void> => {
    while ((await world().parts.list()).length < parts) await new Promise((resolve) => setTimeout(resolve, 2))
    shutdown.abort(reason)
  }
  const watching = watch()
  await expect(world().copy(file, { signal: shutdown.signal })).rejects.toBe(reason)
  await watching
}

describe('a copy', () => {
  test('is made in parts and published as one object with its hash', async () => {
    const file = world().add({ content: { kind: 'random', sizeBytes: 10 * PART_BYTES + 123, seed: 1 } })

    const verified = await world().copy(file)
    const published = await world().publish(verified)

    expect(verified).toMatchObject({ sizeBytes: file.sizeBytes, sha256: file.sha256, etag: file.etag })
    expect(verified.parts.map(({ sizeBytes }) => sizeBytes)).toEqual([...Array(10).fill(PART_BYTES), 123])
    expect(published).toMatchObject({ sizeBytes: file.sizeBytes, metadata: { sha256: file.sha256 } })
    expect(sha256(await world().bytesOf('models/model.safetensors'))).toBe(file.sha256)
  })

  test.each([1, 100, 64 * KIB, PART_BYTES, PART_BYTES + 1])('of %i bytes is exact', async (sizeBytes) => {
    const file = world().add({ content: { kind: 'random', sizeBytes, seed: 7 } })
    const published = await world().publish(await world().copy(file))
    expect(published.sizeBytes).toBe(sizeBytes)
    expect(sha256(await world().bytesOf(published.name))).toBe(file.sha256)
  })

  test('over one lane asks the source once and the bucket for nothing', async () => {
    const file = world().add({ content: { kind: 'random', sizeBytes: 12 * PART_BYTES, seed: 1 } })
    const reads: string[] = []
    const read = world().streams.read.bind(world().streams)
    world().streams.read = (object, params) => {
      reads.push(object.name)
      return read(object, params)
    }

    await world().copy(file, { options: { maxLanes: 1 } })

    expect(world().host.requests).toHaveLength(1)
    expect(reads).toEqual([])
  })

  test('stores its plan before its first part', async () => {
    const file = world().add({ content: { kind: 'random', sizeBytes: 3 * PART_BYTES, seed: 1 } })
    const seen: string[][] = []
    await world().copy(file, {
      async storePlan(plan) {
        seen.push(await world().names())
        world().plan = plan
      },
    })
    expect(seen).toEqual([[]])
    expect(world().plan).toEqual({
      layout: { sizeBytes: file.sizeBytes, partBytes: PART_BYTES, etag: file.etag, sha256: file.sha256, ranges: true },
      mismatches: 0,
      changes: 0,
    })
  })

  test('shows the beginning of the file before anything is stored, and ends if that is wrong', async () => {
    const file = world().add({ content: { kind: 'safetensors', sizeBytes: 6 * PART_BYTES, seed: 1 } })
    const pickle = new FinalError({ code: 'model.pickle', message: 'No.' })
    const sizes: (number | null)[] = []
    const checkStart = (head: Buffer, sizeBytes: number | null): void => {
      expect(head.byteLength).toBeGreaterThanOrEqual(64 * KIB)
      expect(head.readBigUInt64LE()).toBeLessThan(1024n * 1024n)
      sizes.push(sizeBytes)
      throw pickle
    }

    await expect(world().copy(file, { checkStart })).rejects.toBe(pickle)

    expect(sizes).toEqual([file.sizeBytes])
    expect(await world().names()).toEqual([])
    expect(world().plan).toBeNull()
  })

  test('tells its progress up to the last byte', async () => {
    const file = world().add({ content: { kind: 'random', sizeBytes: 4 * PART_BYTES, seed: 1 } })
    world().host.shape({ bytesPerSecondPerConnection: 8 * PART_BYTES })
    await world().copy(file, { options: { maxLanes: 2 } })
    expect(world().progress[0]).toMatchObject({ doneBytes: 0, sizeBytes: null, phase: 'copying', etaSeconds: null })
    const last = world().progress.at(-1)
    expect(last).toMatchObject({ sizeBytes: file.sizeBytes })
    expect(last?.bytesPerSecond).toBeGreaterThan(0)
    expect(world().progress.every(({ doneBytes }) => doneBytes <= file.sizeBytes)).toBe(true)
  })

  test('of a file known by the hash of its git blob is checked against that', async () => {
    const file = world().add({ content: { kind: 'random', sizeBytes: 3 * PART_BYTES + 9, seed: 1 } })
    const gitBlobSha1 = file.gitBlobSha1()
    await world().copy(file, { stated: { sha256: null, gitBlobSha1 } })
    await world().parts.removeAll()
    world().plan = null
    const wrong = world().copy(file, { stated: { sha256: null, gitBlobSha1: gitBlobSha1.replace(/^./, 'z') } })
    expect(await failureOf(wrong)).toMatchObject({ code: 'transfer.hash-mismatch', retryable: true })
  })
})

describe('a copy that was interrupted', () => {
  test('goes on with what is missing', async () => {
    const file = world().add({ content: { kind: 'random', sizeBytes: 40 * PART_BYTES, seed: 9 } })
    world().host.shape({ bytesPerSecondPerConnection: 60 * PART_BYTES })
    await copyUntil(file, 10)
    const stored = await world().parts.list()
    expect(stored.every(({ sizeBytes }) => sizeBytes === PART_BYTES)).toBe(true)
    const asked = world().host.requests.length

    const verified = await world().copy(file, { options: { maxLanes: 1 } })

    expect(verified.sha256).toBe(file.sha256)
    expect(world().heads[1]?.equals(world().heads[0]?.subarray(0, 64 * KIB) ?? Buffer.alloc(0))).toBe(true)
    // Nothing that was stored was asked for again.
    const kept = new Map(verified.parts.map(({ index, generation }) => [index, generation]))
    for (const { index, generation } of stored) expect(kept.get(index)).toBe(generation)
    for (const { range } of world().host.requests.slice(asked)) {
      const [first = 0, last = 0] = (range ?? '').replace('bytes=', '').split('-').map(Number)
      for (const { index } of stored) {
        expect(first < (index + 1) * PART_BYTES && last >= index * PART_BYTES).toBe(false)
      }
    }
  })

  test('asks nobody for anything when only the publication is missing', async () => {
    const file = world().add({ content: { kind: 'random', sizeBytes: 5 * PART_BYTES, seed: 9 } })
    const first = await world().copy(file)
    const asked = world().host.requests.length

    const second = await world().copy(file)

    expect(second).toMatchObject({ sha256: first.sha256, crc32c: first.crc32c, parts: first.parts })
    expect(world().host.requests).toHaveLength(asked)
    expect(world().located).toBe(1)
  })

  test('removes parts that are not of its plan', async () => {
    const file = world().add({ content: { kind: 'random', sizeBytes: 5 * PART_BYTES, seed: 9 } })
    await world().copy(file)
    const bytes = Buffer.from('cut short')
    for (const index of [1, 9]) {
      const object = { bucket: 'models', name: `work/job/0/part-0000${index}` }
      await world().objects.remove(object)
      await world().objects.write({ ...object, bytes, contentType: 'x/y', ifGeneration: '0' })
    }

    const verified = await world().copy(file)

    expect(verified.sha256).toBe(file.sha256)
    expect(await world().parts.list()).toHaveLength(5)
  })

  test('trusts no parts without a plan', async () => {
    const file = world().add({ content: { kind: 'random', sizeBytes: 2 * PART_BYTES, seed: 9 } })
    const object = { bucket: 'models', name: 'work/job/0/part-00000' }
    await world().objects.write({ ...object, bytes: Buffer.alloc(PART_BYTES), contentType: 'x/y', ifGeneration: '0' })
    expect((await world().copy(file)).sha256).toBe(file.sha256)
  })
})

describe('a file that is not as it was said', () => {
  test('is too large', async () => {
    const file = world().add({ content: { kind: 'random', sizeBytes: 3 * PART_BYTES, seed: 1 } })
    const options = { maxBytes: 2 * PART_BYTES }
    const code = 'transfer.too-large'
    expect(await failureOf(world().copy(file, { options }))).toMatchObject({ code, retryable: false })
    expect(world().host.requests).toHaveLength(0)
    expect(await failureOf(world().copy(file, { options, stated: { sizeBytes: null } }))).toMatchObject({ code })
    world().host.shape({ ranges: false })
    world().host.inject({ fault: { kind: 'no-content-length' }, times: 1 })
    expect(await failureOf(world().copy(file, { options, stated: { sizeBytes: null } }))).toMatchObject({ code })
  })

  test('is empty', async () => {
    const file = world().add({ content: { kind: 'bytes', bytes: Buffer.alloc(0) } })
    expect(await failureOf(world().copy(file))).toMatchObject({ code: 'transfer.empty', retryable: false })
    const unstated = world().copy(file, { stated: { sizeBytes: null, sha256: null } })
    expect(await failureOf(unstated)).toMatchObject({ code: 'transfer.empty', retryable: false })
  })

  test('has another size: once more, and then never', async () => {
    const file = world().add({ content: { kind: 'random', sizeBytes: 2 * PART_BYTES, seed: 1 } })
    const stated = { sizeBytes: file.sizeBytes + 1 }
    const code = 'transfer.size-mismatch'
    expect(await failureOf(world().copy(file, { stated }))).toMatchObject({ code, retryable: true })
    expect(await failureOf(world().copy(file, { stated }))).toMatchObject({ code, retryable: false })
    expect(await world().names()).toEqual([])
  })

  test('has another hash: all parts go, and a second complete copy decides', async () => {
    const file = world().add({ content: { kind: 'random', sizeBytes: 5 * PART_BYTES, seed: 1 } })
    world().host.inject({ fault: { kind: 'corrupt' }, times: 1 })
    const code = 'transfer.hash-mismatch'

    expect(await failureOf(world().copy(file))).toMatchObject({ code, retryable: true })
    expect(await world().names()).toEqual([])
    expect(world().plan).toMatchObject({ layout: null, mismatches: 1 })
    expect((await world().copy(file)).sha256).toBe(file.sha256)
  })

  test('has another hash twice: final', async () => {
    const file = world().add({ content: { kind: 'random', sizeBytes: 5 * PART_BYTES, seed: 1 } })
    const stated = { sha256: 'ab'.repeat(32) }
    const code = 'transfer.hash-mismatch'
    expect(await failureOf(world().copy(file, { stated }))).toMatchObject({ code, retryable: true })
    expect(await failureOf(world().copy(file, { stated }))).toMatchObject({ code, retryable: false })
    expect(await world().names()).toEqual([])
  })
})
