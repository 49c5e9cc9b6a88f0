import { FinalError } from '#shared/errors/app-error.ts'
import { JobWaitsError } from '#shared/jobs/job-errors.ts'
import { ReplicateFinalError, ReplicateTransientError } from '#shared/replicate/replicate-error.ts'
import { explainRefusal } from '../../../../../services/api/training/explain-refusal.ts'

const now = new Date('2026-05-01T12:00:00Z')
const final = (code: `replicate.${string}`, facts = {}) =>
  new ReplicateFinalError({
    code,
    message: 'For the operator: check REPLICATE_API_TOKEN.',
    delivery: 'answered',
    facts,
  })

test.each([
  'replicate.denied',
  'replicate.not-found',
  'replicate.no-destination',
  'replicate.name-taken',
  'replicate.unreachable',
  'replicate.no-credit',
] as const)('%s keeps its code and tells the owner nothing of our settings', (code) => {
  const explained = explainRefusal(final(code), now) as FinalError
  expect(explained).toBeInstanceOf(FinalError)
  expect([explained.code, explained.retryable]).toEqual([code, false])
  expect(explained.message).toMatch(/^The training cannot be started at the moment/)
  expect(explained.message).not.toContain('REPLICATE_')
})

test('options that are not accepted are named where Replicate names them', () => {
  const named = explainRefusal(final('replicate.refused', { invalidFields: ['input.steps'] }), now) as FinalError
  const unnamed = explainRefusal(final('replicate.refused'), now) as FinalError
  expect(named.message).toContain('input.steps')
  expect(unnamed.message).toContain('the options of this training')
})

test('what is not accepted of the destination is not said to be the owner’s choice', () => {
  const refusal = final('replicate.refused', { invalidFields: ['hardware'] })
  const { code, message } = explainRefusal(refusal, now, 'destination') as FinalError
  expect(code).toBe('replicate.refused')
  expect(message).toMatch(/^The training cannot be started at the moment: the service needs its operator/)
})

test('a rate limit is waited for, until the time that it says or a little while', () => {
  const limited = (retryAt: Date | null) =>
    new ReplicateTransientError({ code: 'replicate.rate-limited', message: 'Full.', delivery: 'answered', retryAt })
  const toldAt = new Date(now.getTime() + 7_000)
  const waits = [limited(toldAt), limited(null)].map((error) => explainRefusal(error, now) as JobWaitsError)
  expect(waits.every((error) => error instanceof JobWaitsError)).toBe(true)
  expect(waits.map(({ until }) => until.getTime() - now.getTime())).toEqual([7_000, 20_000])
})

test('passing faults, and what is not of Replicate, come out as they are', () => {
  const passing = new ReplicateTransientError({ code: 'replicate.unavailable', message: 'x', delivery: 'answered' })
  const other = new FinalError({ code: 'photo.heic', message: 'x' })
  expect([explainRefusal(passing, now), explainRefusal(other, now)]).toEqual([passing, other])
})
