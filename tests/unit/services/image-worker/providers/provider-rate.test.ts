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
