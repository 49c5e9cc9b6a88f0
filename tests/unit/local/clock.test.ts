import { createClock, createManualClock } from '#local/clock.ts'

test('on a scaled clock waiting passes faster, and the time of day does not', async () => {
  const clock = createClock(10_000)
  const startedMs = Date.now()
  expect(Math.abs(clock.now() - startedMs)).toBeLessThan(1_000)
  await clock.waitUntil(clock.after(60_000))
  const realMs = Date.now() - startedMs
  expect(realMs).toBeLessThan(5_000)
  expect(clock.elapsedSince(startedMs)).toBeGreaterThanOrEqual(50_000)
})

test.each([0, -1, Number.NaN])('a scale of %d is refused', (scale) => {
  expect(() => createClock(scale)).toThrow(RangeError)
})

test('a manual clock ends waits when it is moved, in order, and drops those that were aborted', async () => {
  const clock = createManualClock(1_000)
  const order: string[] = []
  const stop = new AbortController()
  const waits = [
    clock.waitUntil(1_020).then(() => order.push('late')),
    clock.waitUntil(1_010).then(() => order.push('early')),
    clock.waitUntil(999).then(() => order.push('past')),
  ]
  const aborted = clock.waitUntil(1_015, stop.signal)
  stop.abort(new Error('enough'))
  await expect(aborted).rejects.toThrow('enough')
  expect(clock.waiting()).toBe(2)
  clock.advance(20)
  await Promise.all(waits)
  expect(order).toEqual(['past', 'early', 'late'])
})
