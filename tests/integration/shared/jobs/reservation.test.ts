import { Timestamp } from '@google-cloud/firestore'
import { FinalError, TransientError } from '#shared/errors/app-error.ts'
import type { JobDefinition } from '#shared/jobs/definition.ts'
import type { SlotClaim } from '#shared/jobs/slot.ts'
import { useTestDocuments } from '../../../support/documents.ts'
import { testJob, testRunner } from '../../../support/job-runner.ts'

interface Input {
  subject: string
  order: number
}

const documents = useTestDocuments()

let serial = 0
const freshSubject = () => `subject-${++serial}`

const slotOf = (input: Input): SlotClaim => ({
  path: `reserved_slots/${input.subject}`,
  order: { name: `upload-${input.order}`, timeMs: input.order, generation: '1' },
  jobsPerHour: 2,
})

/** A job whose admission counts itself in `reservations/{subject}`, which begins with a read like a real one. */
function counting(run: JobDefinition<Input>['run'], parts: Partial<JobDefinition<Input>> = {}) {
  const definition = testJob<Input>({
    kind: 'counting',
    key: (input) => `counting:${input.subject}#${input.order}`,
    subject: (input) => input.subject,
    async admit({ input, transaction }) {
      const ref = documents.db.doc(`reservations/${input.subject}`)
      const count = Number((await transaction.get(ref)).get('count') ?? 0)
      return {
        kind: 'run',
        note: null,
        slot: slotOf(input),
        writes: (writing) => writing.set(ref, { count: count + 1 }),
      }
    },
    run,
    ...parts,
  })
  const runner = testRunner(documents.db, definition)
  return { handle: (input: Input) => runner.handle(definition, input) }
}

const reserved = async (subject: string) =>
  (await documents.db.doc(`reservations/${subject}`).get()).get('count') as number | undefined

test('a job reserves once, however often it is claimed', async () => {
  let tries = 0
  const { handle } = counting(async (run) => {
    tries += 1
    if (tries < 3) throw new TransientError({ code: 'test.down', message: 'Down.' })
    await run.complete(null, async () => () => {})
  })
  const input = { subject: freshSubject(), order: 1 }
  expect(await handle(input)).toMatchObject({ kind: 'try-again' })
  expect(await handle(input)).toMatchObject({ kind: 'try-again' })
  expect(await handle(input)).toEqual({ kind: 'done' })
  expect(await handle(input)).toEqual({ kind: 'already-done' })
  expect(await reserved(input.subject)).toBe(1)
})

test('a job that may not begin after all (superseded, or stopped by the breaker) reserves nothing', async () => {
  const { handle } = counting(async (run) => run.complete(null, async () => () => {}))
  const subject = freshSubject()
  expect(await handle({ subject, order: 5 })).toEqual({ kind: 'done' })
  expect(await handle({ subject, order: 4 })).toEqual({ kind: 'canceled', code: 'job.superseded' })
  expect(await handle({ subject, order: 6 })).toEqual({ kind: 'done' })
  expect(await handle({ subject, order: 7 })).toEqual({ kind: 'failed', code: 'job.too-many' })
  expect(await reserved(subject)).toBe(2)
})

test('a job that is refused at its admission tells `failed` which slot it wanted', async () => {
  const seen: (SlotClaim | null)[] = []
  const { handle } = counting(async () => Promise.reject(new FinalError({ code: 'test.no', message: 'No.' })), {
    admit: async ({ input }) => ({
      kind: 'end',
      state: 'failed',
      code: 'test.over',
      message: `Over since ${Timestamp.fromMillis(0).toDate().toISOString()}.`,
      slot: slotOf(input),
    }),
    failed: async ({ job }) => {
      seen.push(job.slot)
      return () => {}
    },
  })
  const input = { subject: freshSubject(), order: 3 }
  expect(await handle(input)).toEqual({ kind: 'failed', code: 'test.over' })
  expect(seen).toEqual([slotOf(input)])
})
