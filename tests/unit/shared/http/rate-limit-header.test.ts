import { parseRateLimit } from '#shared/http/rate-limit-header.ts'

const nowMs = Date.parse('2026-05-01T12:00:00Z')

test.each([
  ['"resolvers";r=0;t=55', 55],
  ['"api" ; r=0 ; t=55 ', 55],
  ['"api";t=55;pk=:c29tZW9uZQ==:;r=0', 55],
  ['"burst, per second";r=0;t=3, "default";r=0;t=240', 240],
  ['"burst";r=0;t=3, "default";r=12;t=240', 3],
  ['"api";r=0;t=0', 0],
])('%j allows the next request after %d s', (value, seconds) => {
  expect(parseRateLimit(value, nowMs)?.getTime()).toBe(nowMs + seconds * 1000)
})

test.each([
  undefined,
  '',
  'malformed',
  '"resolvers";r=2999;t=51', // Something is left: it was not this limiter.
  '"api";r=-1;t=5',
  '"api";r=0',
  '"api";t=5',
  '"api";r=0;t=soon',
  '"api";r=0;t=99999999',
  'r=0;t=5',
])('%j does not say when', (value) => {
  expect(parseRateLimit(value, nowMs)).toBeNull()
})
