import { CLIPDROP_RATE } from '../../../../../services/image-worker/providers/clipdrop/clipdrop-limits.ts'
import { keepToRate } from '../../../../../services/image-worker/providers/provider-rate.ts'

test("keeps to ClipDrop's minute at the real service, its path and port left aside", async () => {
  let nowMs = 0
  const time = {
    now: () => nowMs,
    sleep: async (ms: number) => {
      nowMs += ms
    },
  }
  const { limiter } = keepToRate('https://clipdrop-api.co/v2', CLIPDROP_RATE, time)
  for (let count = 0; count < 65; count++) await limiter?.acquire('clipdrop-api.co')
  expect(nowMs).toBe(60_000)
})

test('has no limit for a stand-in', () => {
  expect(keepToRate('http://127.0.0.1:8124', CLIPDROP_RATE)).toEqual({})
})

test('a rest that the service has asked for is slept through where it is short, and told where it is long', async () => {
  let nowMs = 0
  const time = {
    now: () => nowMs,
    sleep: async (ms: number) => {
      nowMs += ms
    },
  }
  const { limiter } = keepToRate('https://api.replicate.com/v1', CLIPDROP_RATE, time)
  limiter?.holdUntil('api.replicate.com', 30_000)
  await limiter?.acquire('api.replicate.com')
  expect(nowMs).toBe(30_000)
  limiter?.holdUntil('api.replicate.com', 6 * 3_600_000)
  await expect(limiter?.acquire('api.replicate.com')).rejects.toMatchObject({
    code: 'http.held-back',
    retryAt: new Date(6 * 3_600_000),
  })
  expect(nowMs).toBe(30_000)
})
