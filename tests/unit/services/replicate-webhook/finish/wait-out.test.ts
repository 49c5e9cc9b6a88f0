import { FinalError, TransientError } from '#shared/errors/app-error.ts'
import { JobWaitsError, LeaseLostError } from '#shared/jobs/job-errors.ts'
import { waitOut } from '../../../../../services/replicate-webhook/finish/wait-out.ts'

const nowMs = Date.parse('2026-05-01T12:00:00Z')
const outage = (retryAt: Date | null = null) =>
  new TransientError({ code: 'objects.unavailable', message: 'Not now.', retryAt })
const HOUR_MS = 3_600_000

test.each([
  ['in a quarter of a minute', null, nowMs + 15_000],
  ['when the other side said, if that is later', new Date(nowMs + 60_000), nowMs + 60_000],
  ['no sooner, whatever the other side said', new Date(nowMs + 1000), nowMs + 15_000],
])('a fault that may pass is looked at again %s', (_when, retryAt, untilMs) => {
  const waits = waitOut(outage(retryAt), { endedAtMs: nowMs - HOUR_MS + 1, nowMs })
  expect(waits).toBeInstanceOf(JobWaitsError)
  expect(waits).toMatchObject({ code: 'objects.unavailable', until: new Date(untilMs) })
})

test.each([
  ['an hour after the end', outage(), nowMs - HOUR_MS],
  ['that cannot pass', new FinalError({ code: 'objects.refused', message: 'Never.' }), nowMs],
  ['that says the job is somebody else’s', new LeaseLostError('key'), nowMs],
  ['that nobody foresaw', new Error('A fault of ours.'), nowMs],
])('a fault %s stays what it is', (_what, error, endedAtMs) => {
  expect(waitOut(error, { endedAtMs, nowMs })).toBe(error)
})
