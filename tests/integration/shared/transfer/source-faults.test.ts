import { createHash } from 'node:crypto'
import type { FileHost } from '#local/file-host/server.ts'
import { failureOf, PART_BYTES, useTransferWorld } from './transfer-world.ts'

type Fault = Parameters<FileHost['inject']>[0]['fault']

const world = useTransferWorld()

async function expectPublishedOnce(sha256: string): Promise<void> {
  await world().parts.removeAll()
  expect(await world().names()).toEqual(['models/model.safetensors'])
  const bytes = await world().bytesOf('models/model.safetensors')
  expect(createHash('sha256').update(bytes).digest('hex')).toBe(sha256)
}

const LATER = 3 * PART_BYTES + 10

describe('what passes within one call', () => {
  test.each<[what: string, fault: Fault, times: number]>([
    ['a reset before the first byte', { kind: 'reset', atByte: 0 }, 1],
    ['a reset in the middle of a part', { kind: 'reset', atByte: LATER }, 1],
    ['a body that ends too early', { kind: 'truncated', atByte: LATER }, 2],
    ['silence in the middle', { kind: 'stall', atByte: LATER }, 1],
    ['a URL that expires in the middle', { kind: 'expire', atByte: LATER }, 1],
    ['503 for a while', { kind: 'status', status: 503 }, 2],
    ['500 in the middle', { kind: 'status', status: 500 }, 1],
    ['403 of a fresh location', { kind: 'status', status: 403 }, 1],
    ['429 with a short wait', { kind: 'status', status: 429, retryAfter: 0 }, 1],
    ['a Content-Range that starts later', { kind: 'wrong-content-range', how: 'shifted' }, 1],
    ['a Content-Range with another total', { kind: 'wrong-content-range', how: 'wrong-total' }, 1],
    ['a 206 without Content-Range', { kind: 'wrong-content-range', how: 'missing' }, 1],
    ['the whole file for a range', { kind: 'whole-for-range' }, 1],
    ['the whole file by a server without ranges', { kind: 'no-ranges' }, 1],
    ['a body without a length', { kind: 'no-content-length' }, 1],
  ])('%s', async (_what, fault, times) => {
    const file = world().add({ content: { kind: 'random', sizeBytes: 8 * PART_BYTES + 5, seed: 2 } })
    world().host.inject({ fault, times })

    const verified = await world().copy(file)
    await world().publish(verified)

    expect(verified.sha256).toBe(file.sha256)
    await expectPublishedOnce(file.sha256)
  })

  test('what passed before a connection broke is not fetched again', async () => {
    const file = world().add({ content: { kind: 'random', sizeBytes: 40 * PART_BYTES, seed: 3 } })
    world().host.inject({ fault: { kind: 'truncated', atByte: 30 * PART_BYTES }, times: 1 })

    await world().copy(file, { options: { maxLanes: 1 } })

    const ranges = world().host.requests.map(({ range }) => Number(/bytes=(\d+)-/.exec(range ?? '')?.[1]))
    expect(ranges).toHaveLength(2)
    expect(ranges[1]).toBe(30 * PART_BYTES)
  })

  test('a login page where the file was a moment ago is a location that has expired', async () => {
    const file = world().add({ content: { kind: 'random', sizeBytes: 8 * PART_BYTES, seed: 2 } })
    world().host.inject({ fault: { kind: 'truncated', atByte: LATER }, times: 1 })
    world().host.inject({ fault: { kind: 'html' }, times: 1 })

    const verified = await world().copy(file)

    expect(verified.sha256).toBe(file.sha256)
    expect(world().located).toBe(2)
  })

  test('an expired URL is asked for anew once, by all lanes together', async () => {
    const file = world().add({ content: { kind: 'random', sizeBytes: 40 * PART_BYTES, seed: 4 } })
    world().host.shape({ bytesPerSecondPerConnection: 40 * PART_BYTES })
    world().host.afterBytes(20 * PART_BYTES, () => world().host.expireAll())

    const verified = await world().copy(file)

    expect(verified.sha256).toBe(file.sha256)
    expect(world().located).toBe(2)
  })
})

describe('what ends the copy at once', () => {
  test.each<[code: string, what: string, fault: Fault, times: number]>([
    ['transfer.not-a-file', 'a login page with status 200', { kind: 'html' }, 1],
    ['transfer.not-a-file', 'an error as JSON with status 200', { kind: 'json' }, 1],
    ['transfer.denied', '403 again and again', { kind: 'status', status: 403 }, 4],
    ['transfer.not-found', '404 again and again', { kind: 'status', status: 404 }, 4],
    ['transfer.not-found', '410 again and again', { kind: 'status', status: 410 }, 4],
  ])('%s: %s', async (code, _what, fault, times) => {
    const file = world().add({ content: { kind: 'random', sizeBytes: 3 * PART_BYTES, seed: 5 } })
    world().host.inject({ fault, times })

    const error = await failureOf(world().copy(file))

    expect(error).toMatchObject({ code, retryable: false })
    expect(error.message).not.toMatch(/X-Amz|https?:/)
    expect(world().plan).toBeNull()
    expect(await world().names()).toEqual([])
  })
})
