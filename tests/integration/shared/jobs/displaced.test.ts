import { JobWaitsError } from '#shared/jobs/job-errors.ts'
import { type JobRecord, jobId, jobRef } from '#shared/jobs/job-record.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import type { WakeRequest } from '#shared/jobs/wake.ts'
import { useTestDocuments } from '../../../support/documents.ts'
import { testJob, testRunner } from '../../../support/job-runner.ts'

interface Input {
  subject: string
  order: number
}

const documents = useTestDocuments()

let serial = 0
const inTenMinutes = () => new Date(Date.now() + 600_000)

/** Jobs for one subject of which the first rests until it is woken, and every later one is done at once. */
function world(options: { queue: 'takes' | 'refuses' | 'none'; whileFirstRuns?: () => Promise<void> }) {
  const subject = `displaced-${++serial}`
  const woken: WakeRequest[] = []
  const cleaned: number[] = []
  const definition = testJob<Input>({
    kind: 'displaced-test',
    key: (input) => `displaced-test:${input.subject}#${input.order}`,
    subject: (input) => `subjects/${input.subject}`,
    admit: async ({ input }) => ({
      kind: 'run',
      note: null,
      slot: {
        path: `displaced_slots/${subject}`,
        order: { name: 'wish', timeMs: input.order, generation: String(input.order) },
        jobsPerHour: 20,
      },
    }),
    async run(run: JobRun<Input>) {
      if (run.input.order > 1) return await run.complete(null, async () => () => {})
      await options.whileFirstRuns?.()
      throw new JobWaitsError({ code: 'test.waits', message: 'For something else.', until: inTenMinutes() })
    },
    cleanUp: async ({ input }) => void cleaned.push(input.order),
  })
  const wake = async (request: WakeRequest) => {
    if (options.queue === 'refuses') throw new Error('no queue today')
    woken.push(request)
  }
  const runner = testRunner(documents.db, definition, { wakeQueue: options.queue === 'none' ? null : { wake } })
  const idOf = (order: number) => jobId(definition.key({ subject, order }))
  return {
    woken,
    cleaned,
    idOf,
    runner,
    ask: (order: number) => runner.handle(definition, { subject, order }),
    stateOf: async (order: number) => ((await jobRef(documents.db, idOf(order)).get()).data() as JobRecord).state,
  }
}

test('a newer job wakes the older one that rests, which ends and is cleaned up', async () => {
  const { ask, woken, idOf, runner, cleaned, stateOf } = world({ queue: 'takes' })
  expect((await ask(1)).kind).toBe('woken-later')
  woken.length = 0
  expect(await ask(2)).toEqual({ kind: 'done' })
  expect(woken).toEqual([{ jobId: idOf(1), fence: 1, at: expect.any(Date) }])
  expect(woken[0]!.at.getTime()).toBeLessThanOrEqual(Date.now())
  expect(await runner.resume(idOf(1))).toEqual({ kind: 'canceled', code: 'job.superseded' })
  expect([await stateOf(1), cleaned]).toEqual(['canceled', [2, 1]])
})

test('without a task queue the older one ends at once', async () => {
  const { ask, cleaned, stateOf } = world({ queue: 'none' })
  expect((await ask(1)).kind).toBe('try-again')
  expect(await ask(2)).toEqual({ kind: 'done' })
  expect([await stateOf(1), cleaned]).toEqual(['canceled', [1, 2]])
})

test('one that loses its place while it works ends where it would have rested, and is not woken', async () => {
  const { ask, woken, cleaned, stateOf } = world({
    queue: 'takes',
    whileFirstRuns: async () => void expect(await ask(2)).toEqual({ kind: 'done' }),
  })
  expect(await ask(1)).toEqual({ kind: 'canceled', code: 'job.superseded' })
  expect([await stateOf(1), cleaned, woken]).toEqual(['canceled', [2, 1], []])
})

test('one that has ended is left alone', async () => {
  const { ask, woken } = world({ queue: 'takes' })
  for (const order of [2, 3, 4]) expect(await ask(order)).toEqual({ kind: 'done' })
  expect(woken).toEqual([])
})

test('a newer job goes on where the older one can not be woken', async () => {
  const { ask, stateOf } = world({ queue: 'refuses' })
  await ask(1)
  expect(await ask(2)).toEqual({ kind: 'done' })
  expect(await stateOf(1)).toBe('waiting')
})
