import { parseRetryAfter } from '#shared/http/retry-after.ts'

const nowMs = Date.parse('2026-05-01T12:00:00Z')

test.each([
  ['30', '2026-05-01T12:00:30.000Z'],
  [' 0 ', '2026-05-01T12:00:00.000Z'],
  ['Fri, 01 May 2026 12:02:00 GMT', '2026-05-01T12:02:00.000Z'],
  ['Fri, 01 May 2026 11:00:00 GMT', '2026-05-01T12:00:00.000Z'],
  ['Friday, 01-May-26 12:02:00 GMT', '2026-05-01T12:02:00.000Z'],
])('reads %j as %s', (value, expected) => {
  expect(parseRetryAfter(value, nowMs)?.toISOString()).toBe(expected)
})

test.each([undefined, '', '-5', '1.5', 'soon 1', '99999999', 'Fri, 01 May 2099 12:00:00 GMT', '0x10', 'Fri, nonsense'])(
  'does not believe %j',
  (value) => {
    expect(parseRetryAfter(value, nowMs)).toBeNull()
  },
)
