import { failureOf, PART_BYTES, useTransferWorld } from './transfer-world.ts'

const world = useTransferWorld()

const BREAK = { kind: 'truncated', atByte: 3 * PART_BYTES + 10 } as const

describe('a file that changes at its source', () => {
  test('in its ETag only goes on where its SHA-256 is known', async () => {
    const file = world().add({ content: { kind: 'random', sizeBytes: 8 * PART_BYTES, seed: 1 } })
    world().host.inject({ fault: BREAK, times: 1 })
    world().host.inject({ fault: { kind: 'changed-etag' }, times: 1 })

    const verified = await world().copy(file)

    expect(verified.sha256).toBe(file.sha256)
    expect(world().plan).toMatchObject({ changes: 1, layout: { etag: file.etag } })
  })

  test('in its bytes is found out by its hash, and nothing is kept', async () => {
    const file = world().add({ content: { kind: 'random', sizeBytes: 8 * PART_BYTES, seed: 1 } })
    world().host.inject({ fault: BREAK, times: 1 })
    world().host.inject({ fault: { kind: 'changed-etag', newBytes: true }, times: 1 })
    const code = 'transfer.hash-mismatch'
    expect(await failureOf(world().copy(file))).toMatchObject({ code, retryable: true })
    expect(await failureOf(world().copy(file))).toMatchObject({ code, retryable: false })
    expect(await world().names()).toEqual([])
  })

  test('begins again where nothing but its ETag tells what it is', async () => {
    const file = world().add({ content: { kind: 'random', sizeBytes: 8 * PART_BYTES, seed: 1 } })
    const stated = { sha256: null }
    world().host.inject({ fault: BREAK, times: 1 })
    world().host.inject({ fault: { kind: 'changed-etag', newBytes: true }, times: 1 })

    const error = await failureOf(world().copy(file, { stated }))

    expect(error).toMatchObject({ code: 'transfer.source-changed', retryable: true })
    expect(await world().names()).toEqual([])
    expect(world().plan).toMatchObject({ layout: null, changes: 1 })
    const verified = await world().copy(file, { stated })
    expect(verified.sha256).not.toBe(file.sha256)
    expect(verified.etag).toBe(file.etag)
  })

  test('again and again is given up', async () => {
    const file = world().add({ content: { kind: 'random', sizeBytes: 8 * PART_BYTES, seed: 1 } })
    const ends: unknown[] = []
    for (let claim = 0; claim < 4; claim++) {
      world().host.inject({ fault: BREAK, times: 1 })
      world().host.inject({ fault: { kind: 'changed-etag', newBytes: true }, times: 1 })
      const { code, retryable } = await failureOf(world().copy(file, { stated: { sha256: null } }))
      ends.push([code, retryable])
    }
    expect(ends).toEqual([...Array(3).fill(['transfer.source-changed', true]), ['transfer.source-changed', false]])
    expect(await world().names()).toEqual([])
  })

  test('between two claims is noticed by a request bound to the ETag', async () => {
    const file = world().add({ content: { kind: 'random', sizeBytes: 8 * PART_BYTES, seed: 1 } })
    const stop = new AbortController()
    const stated = { sha256: null }
    world().host.shape({ bytesPerSecondPerConnection: 40 * PART_BYTES })
    world().host.afterBytes(4 * PART_BYTES, () => stop.abort(new Error('stop')))
    await expect(world().copy(file, { signal: stop.signal, stated })).rejects.toThrow('stop')
    world().host.inject({ fault: { kind: 'changed-etag', newBytes: true }, times: 1 })

    const error = await failureOf(world().copy(file, { stated }))

    expect(error.code).toBe('transfer.source-changed')
    expect(world().host.requests.at(-1)?.ifRange).toMatch(/^"/)
    expect(await world().names()).toEqual([])
  })
})

describe('a source without ranges', () => {
  test('is copied in one stream, cut into parts', async () => {
    const file = world().add({ content: { kind: 'random', sizeBytes: 9 * PART_BYTES + 1, seed: 1 } })
    world().host.shape({ ranges: false })
    const verified = await world().copy(file)
    expect(verified.sha256).toBe(file.sha256)
    expect(verified.parts).toHaveLength(10)
    expect(world().host.requests).toHaveLength(1)
    expect(world().plan?.layout).toMatchObject({ ranges: false, sizeBytes: file.sizeBytes })
  })

  test('begins anew when it breaks, and stores no part twice', async () => {
    const file = world().add({ content: { kind: 'random', sizeBytes: 9 * PART_BYTES + 1, seed: 1 } })
    world().host.shape({ ranges: false })
    world().host.inject({ fault: BREAK, times: 1 })
    const uploads: string[] = []
    const write = world().streams.write.bind(world().streams)
    world().streams.write = async (upload) => {
      const facts = await write(upload)
      uploads.push(facts.name.slice(-1))
      return facts
    }

    const verified = await world().copy(file)

    expect(verified.sha256).toBe(file.sha256)
    expect(uploads.sort().join('')).toBe('0123456789')
    expect(world().host.requests).toHaveLength(2)
  })

  test('and without a length is believed if its hash is known', async () => {
    const file = world().add({ content: { kind: 'random', sizeBytes: 6 * PART_BYTES, seed: 1 } })
    const options = { maxBytes: 100 * PART_BYTES }
    const stated = { sizeBytes: null }
    world().host.shape({ ranges: false })
    world().host.inject({ fault: { kind: 'no-content-length' }, times: 1 })

    const verified = await world().copy(file, { stated, options })

    expect(verified).toMatchObject({ sizeBytes: file.sizeBytes, sha256: file.sha256 })
    expect(verified.parts).toHaveLength(6)
    expect(world().plans[0]?.layout?.sizeBytes).toBeNull()
    expect(world().plan?.layout?.sizeBytes).toBe(file.sizeBytes)
    // The next claim knows that it is complete.
    await world().copy(file, { stated, options })
    expect(world().host.requests).toHaveLength(1)
  })

  test('whose connection ends too early without a length is found out by the hash', async () => {
    const file = world().add({ content: { kind: 'random', sizeBytes: 6 * PART_BYTES, seed: 1 } })
    world().host.shape({ ranges: false })
    world().host.inject({ fault: { kind: 'no-content-length', atByte: 2 * PART_BYTES }, times: 1 })
    const error = await failureOf(world().copy(file, { stated: { sizeBytes: null } }))
    expect(error).toMatchObject({ code: 'transfer.hash-mismatch', retryable: true })
    expect(await world().names()).toEqual([])
  })

  test('is measured by what was said on the way to it', async () => {
    const file = world().add({ content: { kind: 'random', sizeBytes: 6 * PART_BYTES, seed: 1 } })
    world().host.shape({ ranges: false })
    world().host.inject({ fault: { kind: 'no-content-length', atByte: 2 * PART_BYTES }, times: 1 })
    const { sizeBytes } = file
    const locate = async () => ({ url: world().host.locationOf(file), headers: {}, sizeBytes, sha256: null })
    const work = (): Promise<unknown> => world().copy(file, { stated: { sizeBytes: null, sha256: null }, locate })
    expect(await failureOf(work())).toMatchObject({ code: 'transfer.size-mismatch', retryable: true })
    expect(await work()).toMatchObject({ sizeBytes, sha256: file.sha256 })
  })

  test('without length, size and hash is refused: nobody could tell a broken copy', async () => {
    const file = world().add({ content: { kind: 'random', sizeBytes: 6 * PART_BYTES, seed: 1 } })
    world().host.shape({ ranges: false })
    world().host.inject({ fault: { kind: 'no-content-length' }, times: 1 })
    const error = await failureOf(world().copy(file, { stated: { sizeBytes: null, sha256: null } }))
    expect(error).toMatchObject({ code: 'transfer.length-unknown', retryable: false })
  })
})
