import { mostLanes, PART_BYTES, useTransferWorld } from './transfer-world.ts'

const world = useTransferWorld()

describe('lanes', () => {
  test('stay one where the source refuses a second', async () => {
    const file = world().add({ content: { kind: 'random', sizeBytes: 20 * PART_BYTES, seed: 1 } })
    world().host.shape({ bytesPerSecondPerConnection: 30 * PART_BYTES, maxConnections: 1 })

    const verified = await world().copy(file)

    expect(verified.sha256).toBe(file.sha256)
    expect(mostLanes(world())).toBe(1)
    expect(world().host.requests.some(({ status }) => status === 403)).toBe(true)
    // A fresh location shows that it was not the URL's age; the host may count a connection a moment longer than it lives.
    expect(world().located).toBeLessThanOrEqual(4)
  })

  test('become fewer by a 429, whose wait is kept', async () => {
    const file = world().add({ content: { kind: 'random', sizeBytes: 20 * PART_BYTES, seed: 1 } })
    world().host.shape({ bytesPerSecondPerConnection: 30 * PART_BYTES })
    world().host.inject({ fault: { kind: 'truncated', atByte: 10 }, times: 1 })
    world().host.inject({ fault: { kind: 'status', status: 429, rateLimit: '"resolvers";r=0;t=1' }, times: 1 })
    const waits: number[] = []

    const verified = await world().copy(file, {
      clock: {
        async sleep(ms, signal) {
          waits.push(ms)
          signal?.throwIfAborted()
          await new Promise((resolve) => setTimeout(resolve, Math.min(ms, 20)))
        },
      },
    })

    expect(verified.sha256).toBe(file.sha256)
    expect(waits.some((ms) => ms > 900 && ms < 1_500)).toBe(true)
  })

  test('a connection that crawls is replaced, and goes on where it was', async () => {
    const file = world().add({ content: { kind: 'random', sizeBytes: 32 * PART_BYTES, seed: 1 } })
    world().host.shape({ bytesPerSecondPerConnection: 40 * PART_BYTES })
    world().host.inject({ fault: { kind: 'truncated', atByte: 16 * PART_BYTES }, times: 1 })
    world().host.inject({ fault: { kind: 'slow', bytesPerSecond: 100_000 }, times: 1 })

    // The clock runs ahead, most of all once it crawls: what takes ten seconds is over in a fifth of one.
    let toldMs = 0
    let seenMs = performance.now()
    const now = (): number => {
      const atMs = performance.now()
      toldMs += (atMs - seenMs) * (world().host.requests.length > 1 ? 50 : 15)
      seenMs = atMs
      return toldMs
    }
    const verified = await world().copy(file, { options: { maxLanes: 1 }, clock: { now } })

    expect(verified.sha256).toBe(file.sha256)
    const [, slow, next] = world().host.requests
    // On a busy machine, whose clock is made fast here, more of them may seem to crawl.
    expect(world().host.requests.length).toBeGreaterThanOrEqual(3)
    const offset = (range: string | null | undefined): number => Number(/bytes=(\d+)-/.exec(range ?? '')?.[1])
    expect(offset(next?.range)).toBeGreaterThan(offset(slow?.range))
    expect(offset(next?.range)).toBeLessThanOrEqual(offset(slow?.range) + (slow?.bytesSent ?? 0))
  })

  test('a wait that is too long is left to the job', async () => {
    const file = world().add({ content: { kind: 'random', sizeBytes: 2 * PART_BYTES, seed: 1 } })
    world().host.inject({ fault: { kind: 'status', status: 429, retryAfter: 600 }, times: 1 })
    const startedAt = Date.now()
    await expect(world().copy(file)).rejects.toMatchObject({
      code: 'transfer.rate-limited',
      retryable: true,
      retryAt: expect.objectContaining({}),
    })
    expect(Date.now() - startedAt).toBeLessThan(5_000)
  })
})
