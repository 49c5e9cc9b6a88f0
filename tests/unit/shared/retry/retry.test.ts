import { FinalError, TransientError } from '#shared/errors/app-error.ts'
import { type BackoffPolicy, backoffDelay, SHORT_BACKOFF } from '#shared/retry/backoff.ts'
import { type RetryNotice, retry } from '#shared/retry/retry.ts'
import { sleep } from '#shared/retry/sleep.ts'

const policy: BackoffPolicy = { baseMs: 100, factor: 2, maxMs: 1_000, jitter: 'full', maxAttempts: 4 }
const passing = (retryAt: Date | null = null) =>
  new TransientError({ code: 'test.passing', message: 'Later.', retryAt })

/** A clock that sleeping moves. */
function testClock(startMs = 0) {
  const clock = { nowMs: startMs, slept: [] as number[] }
  return {
    ...clock,
    slept: clock.slept,
    now: () => clock.nowMs,
    sleep: async (ms: number) => {
      clock.slept.push(ms)
      clock.nowMs += ms
    },
  }
}

describe('backoffDelay', () => {
  test.each([
    { jitter: 'full' as const, attempt: 1, random: 0, delayMs: 0 },
    { jitter: 'full' as const, attempt: 1, random: 0.5, delayMs: 50 },
    { jitter: 'full' as const, attempt: 3, random: 0.5, delayMs: 200 },
    { jitter: 'full' as const, attempt: 60, random: 0.999, delayMs: 999 },
    { jitter: 'equal' as const, attempt: 1, random: 0, delayMs: 50 },
    { jitter: 'equal' as const, attempt: 2, random: 0.5, delayMs: 150 },
    { jitter: 'equal' as const, attempt: 5_000, random: 0, delayMs: 500 },
  ])('with $jitter jitter waits $delayMs ms after attempt $attempt at chance $random', (row) => {
    expect(backoffDelay({ ...policy, jitter: row.jitter }, row.attempt, () => row.random)).toBe(row.delayMs)
  })
})

describe('retry', () => {
  test('returns the first success and tells of each failure before it', async () => {
    const clock = testClock()
    const notices: RetryNotice[] = []
    const value = await retry(
      async (attempt) => {
        if (attempt < 3) throw passing()
        return attempt
      },
      { policy, ...clock, random: () => 0.5, onRetry: (notice) => notices.push(notice) },
    )
    expect(value).toBe(3)
    expect(clock.slept).toEqual([50, 100])
    expect(notices.map(({ attempt, delayMs }) => [attempt, delayMs])).toEqual([
      [1, 50],
      [2, 100],
    ])
  })

  test('throws the last failure when the tries are used up', async () => {
    let calls = 0
    const failing = retry(
      async () => {
        calls++
        throw passing()
      },
      { policy, ...testClock() },
    )
    await expect(failing).rejects.toMatchObject({ code: 'test.passing' })
    expect(calls).toBe(4)
  })

  test.each([
    ['a final failure', new FinalError({ code: 'test.final', message: 'Never.' })],
    ['a bug', new TypeError('x is not a function')],
  ])('does not repeat %s', async (_name, error) => {
    let calls = 0
    const failing = retry(
      async () => {
        calls++
        throw error
      },
      { policy, ...testClock() },
    )
    await expect(failing).rejects.toBe(error)
    expect(calls).toBe(1)
  })

  test('waits at least until the moment that the other side named', async () => {
    const clock = testClock(1_000)
    await retry(
      async (attempt) => {
        if (attempt === 1) throw passing(new Date(31_000))
      },
      { policy, ...clock, random: () => 0.5 },
    )
    expect(clock.slept).toEqual([30_050])
  })

  test('does not begin a wait that would pass the deadline', async () => {
    const clock = testClock(1_000)
    const failing = retry(() => Promise.reject(passing(new Date(31_000))), { policy, ...clock, deadlineAtMs: 30_000 })
    await expect(failing).rejects.toMatchObject({ code: 'test.passing' })
    expect(clock.slept).toEqual([])
  })

  test('ends with the reason of the signal, also while it waits', async () => {
    const stop = new AbortController()
    const failing = retry(() => Promise.reject(passing()), {
      policy: { ...policy, baseMs: 60_000, maxMs: 60_000, jitter: 'equal' },
      signal: stop.signal,
      onRetry: () => queueMicrotask(() => stop.abort(new Error('shutdown'))),
    })
    await expect(failing).rejects.toThrow('shutdown')
  })

  test('the default policy gives a source at least 7 s on average and ends', () => {
    let totalMs = 0
    for (let attempt = 1; attempt < SHORT_BACKOFF.maxAttempts; attempt++) {
      totalMs += backoffDelay(SHORT_BACKOFF, attempt, () => 0.999)
    }
    expect(totalMs).toBeGreaterThan(7_000)
    expect(totalMs).toBeLessThan(30_000)
  })
})

describe('sleep', () => {
  test('throws the reason of a signal that is aborted already or later', async () => {
    await expect(sleep(60_000, AbortSignal.abort(new Error('before')))).rejects.toThrow('before')
    const stop = new AbortController()
    const waiting = sleep(60_000, stop.signal)
    stop.abort(new Error('during'))
    await expect(waiting).rejects.toThrow('during')
  })

  test('does not fire at once when the delay is longer than a timer can hold', async () => {
    const stop = new AbortController()
    let over = false
    const waiting = sleep(2 ** 40, stop.signal).then(() => {
      over = true
    })
    await sleep(5)
    expect(over).toBe(false)
    stop.abort(new Error('enough'))
    await expect(waiting).rejects.toThrow('enough')
  })
})
