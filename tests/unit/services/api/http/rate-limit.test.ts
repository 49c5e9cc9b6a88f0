import { RateLimit } from '../../../../../services/api/http/rate-limit.ts'

const at = (ms: number) => new Date(1_000_000 + ms)

test('a window slides: each request leaves it a minute after it came', () => {
  const limit = new RateLimit(3)
  for (const ms of [0, 10_000, 20_000]) expect(limit.take('u', at(ms))).toBeNull()
  expect(limit.take('u', at(30_000))).toEqual(at(60_000))
  expect(limit.take('u', at(59_999))).toEqual(at(60_000))
  expect(limit.take('u', at(60_000))).toBeNull()
  expect(limit.take('u', at(60_001))).toEqual(at(70_000))
})

test('in no minute is more let in than allowed, whatever the arrivals', () => {
  const limit = new RateLimit(5)
  const admitted: number[] = []
  let ms = 0
  for (let count = 0; count < 3_000; count++) {
    ms += (count * 7919) % 9_001
    if (limit.take('u', at(ms)) === null) admitted.push(ms)
  }
  expect(admitted.length).toBeGreaterThan(500)
  for (const [index, start] of admitted.entries()) {
    expect(admitted.slice(index).filter((one) => one < start + 60_000).length).toBeLessThanOrEqual(5)
  }
})

test('who is refused and waits as told is let in: refusals do not count', () => {
  const limit = new RateLimit(1)
  limit.take('u', at(0))
  for (let ms = 1; ms < 60_000; ms += 1_000) expect(limit.take('u', at(ms))).toEqual(at(60_000))
  expect(limit.take('u', at(60_000))).toBeNull()
})

test('users do not share a window, and 0 is no limit', () => {
  const limit = new RateLimit(1)
  expect(limit.take('a', at(0))).toBeNull()
  expect(limit.take('b', at(0))).toBeNull()
  expect(limit.take('a', at(1))).not.toBeNull()
  const free = new RateLimit(0)
  for (let count = 0; count < 1_000; count++) expect(free.take('u', at(0))).toBeNull()
  expect(free.size).toEqual({ users: 0, times: 0 })
})

test('memory is bounded: who was silent longest is forgotten first', () => {
  const limit = new RateLimit(10, 100)
  for (let user = 0; user < 10_000; user++) limit.take(`u${user}`, at(user))
  expect(limit.size).toEqual({ users: 100, times: 100 })
  for (let count = 0; count < 10; count++) limit.take('busy', at(20_000))
  expect(limit.take('busy', at(20_001))).toEqual(at(80_000))
  expect(limit.size.times).toBeLessThanOrEqual(100)
})

test('a user’s past requests take no room for ever', () => {
  const limit = new RateLimit(100)
  for (let minute = 0; minute < 100; minute++) {
    for (let count = 0; count < 100; count++) expect(limit.take('u', at(minute * 60_000))).toBeNull()
  }
  expect(limit.size.times).toBeLessThanOrEqual(300)
})
