import type { Response } from 'express'
import { answerTo, type Outcome } from '#shared/jobs/outcome.ts'
import { errorBody } from './error-answer.ts'
import { contextOf } from './request-context.ts'

/** Answers whoever delivered the reason for a job, and logs how it ended; `about` says what was delivered. */
export function answerOutcome(response: Response, outcome: Outcome, about: Record<string, unknown>): void {
  const { logger } = contextOf(response.req)
  const reply = answerTo(outcome)
  logger[outcome.kind === 'not-ours' ? 'debug' : 'info'](`Answered ${reply.status}: ${outcome.kind}.`, {
    ...about,
    outcome,
  })
  if (reply.status === 204) {
    response.status(204).end()
    return
  }
  const code = outcome.kind === 'try-again' ? outcome.code : 'job.held'
  response
    .status(503)
    .setHeader('retry-after', String(reply.retryAfterSeconds))
    .json(errorBody({ code, message: 'The work is not done yet; deliver this again.', details: null }))
}
