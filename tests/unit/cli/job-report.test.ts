import { Timestamp } from '@google-cloud/firestore'
import type { JobRecord } from '#shared/jobs/job-record.ts'
import { endedRecord, newRecord } from '#shared/jobs/job-states.ts'
import { creditsText, jobReportText, reportJob } from '../../../cli/job-report.ts'
import { captureOutput } from '../../support/capture-output.ts'

const at = (ms: number) => Timestamp.fromMillis(1_700_000_000_000 + ms)
const { output } = captureOutput()

function ended(changes: Partial<JobRecord>, end: Parameters<typeof endedRecord>[1]): JobRecord {
  const job = newRecord({ kind: 'image', subject: 's', input: null, key: 'k', now: at(0), deadlineMs: 1 })
  return endedRecord({ ...job, ...changes }, end)
}

test('tells what each step took and who did it, in the order in which they began', () => {
  const steps = {
    upscale: { result: { by: 'local' }, startedAt: at(900), finishedAt: at(1_500) },
    'remove-background': { result: { by: 'clipdrop' }, startedAt: at(100), finishedAt: at(850) },
  }
  const report = reportJob(ended({ steps, credits: { clipdrop: 1 }, claims: 2 }, { state: 'done', now: at(2_000) }))
  expect(report).toEqual({
    state: 'done',
    code: null,
    message: null,
    totalMs: 2_000,
    credits: { clipdrop: 1 },
    lostCalls: {},
    claims: 2,
    steps: [
      { name: 'remove-background', provider: 'clipdrop', ms: 750 },
      { name: 'upscale', provider: 'local', ms: 600 },
    ],
  })
  expect(jobReportText(output, 'zoe', report)).toBe(
    'zoe  complete in 2.0 s\n    remove-background  clipdrop  750  ms\n    upscale            local     600  ms\n    clipdrop 1 credit',
  )
})

test('a failure shows its code and sentence, and what was paid for nothing', () => {
  const failure = { code: 'clipdrop.no-credits', message: 'The account is empty.', at: at(1) }
  const lostCalls = { upscale: { clipdrop: 1 } }
  const job = ended({ credits: { clipdrop: 1 }, lostCalls }, { state: 'failed', failure, now: at(1_234) })
  expect(jobReportText(output, 'zoe', reportJob(job))).toBe(
    'zoe  failed after 1.2 s (clipdrop.no-credits): The account is empty.\n    clipdrop 1 credit, 1 lost call, perhaps paid',
  )
})

test('steps of other kinds of jobs, which note no provider, are told without one', () => {
  const steps = { copy: { result: 7, startedAt: at(0), finishedAt: at(5) } }
  expect(reportJob(ended({ steps }, { state: 'done', now: at(9) })).steps).toEqual([
    { name: 'copy', provider: '', ms: 5 },
  ])
})

test('credits of several providers, and sums of fractions, stay readable', () => {
  expect(creditsText({ clipdrop: 0.1 + 0.2, replicate: 3 })).toBe('clipdrop 0.3 credits, replicate 3 credits')
  expect(creditsText({})).toBe('no credits')
})
