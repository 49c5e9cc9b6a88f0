import { FinalError } from '#shared/errors/app-error.ts'
import { CanceledError } from '#shared/jobs/job-errors.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import { captureLog } from '../../../support/captured-log.ts'
import { useTestDocuments } from '../../../support/documents.ts'
import { testJob, testRunner } from '../../../support/job-runner.ts'

const documents = useTestDocuments()

/** Runs one job, and gives the lines that metrics are made of. */
async function linesOf(name: string, run: (run: JobRun<string>) => Promise<void>) {
  const log = captureLog()
  const definition = testJob<string>({
    kind: 'log-test',
    key: (input) => `log-test:${input}`,
    subject: (input) => `subjects/${input}`,
    run,
  })
  const runner = testRunner(documents.db, definition, { logger: log.logger })
  await runner.handle(definition, name)
  return log.entries.filter(({ event }) => event === 'job-step' || event === 'job-ended')
}

test('each step and the end of a job are one line each, with what they took', async () => {
  const lines = await linesOf('good', async (run) => {
    await run.step('first', () =>
      run.paidCall({
        step: 'first',
        provider: 'painter',
        call: async () => 'a picture',
        wasAnswered: () => true,
        creditsOf: () => 2.5,
      }),
    )
    await run.complete(null, async () => () => {})
  })
  const about = { kind: 'log-test', jobId: expect.any(String), durationMs: expect.any(Number) }
  expect(lines).toMatchObject([
    { ...about, event: 'job-step', severity: 'INFO', step: 'first' },
    {
      ...about,
      event: 'job-ended',
      severity: 'INFO',
      state: 'done',
      code: null,
      claims: 1,
      credits: { painter: 2.5 },
      lostCalls: 0,
    },
  ])
})

test('a job that fails for good says why, and is reported as an error', async () => {
  const error = new FinalError({ code: 'test.broken', message: 'It is broken.' })
  const [line] = await linesOf('bad', () => Promise.reject(error))
  expect(line).toMatchObject({
    event: 'job-ended',
    severity: 'ERROR',
    state: 'failed',
    code: 'test.broken',
    message: 'The job failed for good: It is broken.',
  })
})

test('a job that has become pointless is no error', async () => {
  const [line] = await linesOf('pointless', () =>
    Promise.reject(new CanceledError({ code: 'test.pointless', message: 'Nobody wants it.' })),
  )
  expect(line).toMatchObject({ event: 'job-ended', severity: 'INFO', state: 'canceled', code: 'test.pointless' })
})

test('an end that Firestore refuses to write as it should be is an error of its own, with the refusal', async () => {
  const log = captureLog()
  const definition = testJob<string>({
    kind: 'log-test',
    key: (input) => `log-test:${input}`,
    subject: (input) => `subjects/${input}`,
    run: async () => {
      throw new FinalError({ code: 'test.bad', message: 'Bad.' })
    },
    failed: async () => (transaction) => transaction.update(documents.db.doc('subjects/gone'), { status: 'failed' }),
  })
  await testRunner(documents.db, definition, { logger: log.logger }).handle(definition, 'untold')
  const about = { kind: 'log-test', severity: 'ERROR' }
  expect(log.entries).toMatchObject([
    { ...about, event: 'job-end-refused', code: 'documents.refused', error: { facts: { grpcCode: 5 } } },
    { ...about, event: 'job-ended', code: 'test.bad', told: 'nothing' },
  ])
})
