import { TransientError } from '#shared/errors/app-error.ts'
import { translateError } from '#shared/replicate/translate-error.ts'

const circumstances = { now: () => 0, random: () => 0.5 }

test('a request that our own limiter held back keeps the time until which Replicate wants none', () => {
  const retryAt = new Date('2026-05-01T13:00:00Z')
  const heldBack = new TransientError({ code: 'http.held-back', message: 'Not before one.', retryAt })
  expect(translateError(heldBack, circumstances)).toMatchObject({
    code: 'replicate.unreachable',
    delivery: 'not-sent',
    retryable: true,
    retryAt,
  })
})
