import { setImmediate, setTimeout } from 'node:timers/promises'
import { CanceledError, LeaseLostError } from '#shared/jobs/job-errors.ts'
import { repeatWhileHeld } from '#shared/jobs/repeat-while-held.ts'

const everyMs = 1

/** Ends when `outcomes` is used up: null for good work, else what it throws. */
async function repeat(outcomes: readonly (Error | null)[], failuresBorne: number) {
  const ends: unknown[] = []
  const all = Promise.withResolvers<void>()
  let calls = 0
  const repeating = repeatWhileHeld({
    async work() {
      const outcome = outcomes[calls++] ?? null
      if (calls === outcomes.length) all.resolve()
      if (outcome) throw outcome
    },
    everyMs,
    failuresBorne,
    onEnd: (error) => ends.push(error),
  })
  // The timer alone would not keep the process.
  const alive = setInterval(() => {}, 1000)
  await all.promise
  await repeating.stop()
  clearInterval(alive)
  return { ends, calls }
}

/** As many turns of a timer that is as fast: enough for another piece of work to begin. */
async function ticks(count: number): Promise<void> {
  for (let tick = 0; tick < count; tick++) await setTimeout(everyMs)
}

test('bears so many failures in a row, and counts anew after work that was good', async () => {
  const trouble = new Error('contention')
  const { ends, calls } = await repeat([trouble, trouble, null, trouble, trouble, null], 2)
  expect([ends, calls]).toEqual([[], 6])
})

test('ends with the failure that is one too many', async () => {
  const last = new Error('the third')
  expect((await repeat([new Error('1'), new Error('2'), last], 2)).ends).toEqual([last])
})

test.each([new LeaseLostError('a job'), new CanceledError({ code: 'copy.unwanted', message: 'Nobody waits.' })])(
  'ends at once when going on is pointless: %s',
  async (reason) => {
    expect((await repeat([null, reason], 100)).ends).toEqual([reason])
  },
)

test('works one at a time, and is stopped only when the work under way has ended', async () => {
  const begun = Promise.withResolvers<void>()
  const gate = Promise.withResolvers<void>()
  let atOnce = 0
  let most = 0
  const repeating = repeatWhileHeld({
    async work() {
      most = Math.max(most, ++atOnce)
      begun.resolve()
      await gate.promise
      atOnce -= 1
    },
    everyMs,
    failuresBorne: 0,
    onEnd: () => {},
  })
  const alive = setInterval(() => {}, 1000)
  await begun.promise
  clearInterval(alive)
  await ticks(3)
  let isStopped = false
  const stopped = repeating.stop().then(() => {
    isStopped = true
  })
  await setImmediate()
  expect(isStopped).toBe(false)
  gate.resolve()
  await stopped
  expect([most, atOnce]).toEqual([1, 0])
})
