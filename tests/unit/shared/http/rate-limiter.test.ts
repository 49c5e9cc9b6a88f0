import { createRateLimiter } from '#shared/http/rate-limiter.ts'

/** A limiter on a clock that moves only when told to; finished waits are listed in order. */
function testLimiter(perSecond: number, burst: number, patience: { patienceMs?: number } = {}) {
  let nowMs = 0
  const waits: { atMs: number; wake: () => void }[] = []
  const limiter = createRateLimiter({
    rules: { 'api.test': { perSecond, burst } },
    ...patience,
    now: () => nowMs,
    sleep: (ms, signal) =>
      new Promise((resolve, reject) => {
        waits.push({ atMs: nowMs + ms, wake: resolve })
        signal?.addEventListener('abort', () => reject(signal.reason), { once: true })
      }),
  })
  async function moveTo(ms: number): Promise<void> {
    nowMs = ms
    for (const wait of waits.filter(({ atMs }) => atMs <= ms)) wait.wake()
    await new Promise(setImmediate)
  }
  return { limiter, moveTo }
}

async function goneOut(limiter: ReturnType<typeof testLimiter>['limiter'], host: string, count: number) {
  const done: number[] = []
  for (let index = 0; index < count; index++) void limiter.acquire(host).then(() => done.push(index))
  await new Promise(setImmediate)
  return done
}

test('lets a burst through and then one request an interval, first come first served', async () => {
  const { limiter, moveTo } = testLimiter(2, 3)
  const done = await goneOut(limiter, 'api.test', 5)
  expect(done).toEqual([0, 1, 2])
  await moveTo(499)
  expect(done).toEqual([0, 1, 2])
  await moveTo(500)
  expect(done).toEqual([0, 1, 2, 3])
  await moveTo(1000)
  expect(done).toEqual([0, 1, 2, 3, 4])
})

test('an idle host saves up no more than its burst', async () => {
  const { limiter, moveTo } = testLimiter(1, 2)
  await moveTo(3_600_000)
  expect(await goneOut(limiter, 'api.test', 5)).toEqual([0, 1])
})

test('does not limit a host without a rule', async () => {
  const { limiter } = testLimiter(1, 1)
  expect(await goneOut(limiter, 'other.test', 50)).toHaveLength(50)
})

test('sends nothing before the moment a host asked for, also to those who wait already', async () => {
  const { limiter, moveTo } = testLimiter(1, 1)
  const done = await goneOut(limiter, 'api.test', 2)
  limiter.holdUntil('api.test', 30_000)
  await moveTo(1_000)
  expect(done).toEqual([0])
  await moveTo(30_000)
  expect(done).toEqual([0, 1])
})

test('stops waiting when the signal aborts', async () => {
  const { limiter } = testLimiter(1, 1)
  await limiter.acquire('api.test')
  const stop = new AbortController()
  const waiting = limiter.acquire('api.test', stop.signal)
  stop.abort(new Error('shutdown'))
  await expect(waiting).rejects.toThrow('shutdown')
})

test('where the host wants more patience than there is, it says until when instead of waiting', async () => {
  const { limiter, moveTo } = testLimiter(1, 1, { patienceMs: 30_000 })
  limiter.holdUntil('api.test', 30_001)
  const retryAt = new Date(30_001)
  await expect(limiter.acquire('api.test')).rejects.toMatchObject({ code: 'http.held-back', retryable: true, retryAt })
  await moveTo(1)
  const done = await goneOut(limiter, 'api.test', 1)
  await moveTo(30_001)
  expect(done).toEqual([0])
})
