import type { Express } from 'express'
import { CallerError } from '#shared/errors/app-error.ts'
import { answerOutcome } from './answer-outcome.ts'
import { type InternalCallerConfig, requireInternalCaller } from './internal-caller.ts'
import type { ServiceJobs } from './lazy-jobs.ts'

/**
 * What Cloud Tasks and Cloud Scheduler call on every service: a job that is due again, and the reconciler, which answers
 * with its report. Nothing else is ever found below `/internal`; routes of the service's own come after these.
 */
export function internalRoutes(
  app: Express,
  service: { config: InternalCallerConfig; loadJobs: () => Promise<ServiceJobs> },
): void {
  const { config, loadJobs } = service
  app.use('/internal', requireInternalCaller(config))
  app.post('/internal/jobs/:id', async (request, response) => {
    const outcome = await (await loadJobs()).resume(String(request.params.id))
    answerOutcome(response, outcome, { job: request.params.id })
  })
  app.post('/internal/reconcile', async (_request, response) => {
    response.status(200).json(await (await loadJobs()).reconcile())
  })
  app.use('/internal', (request) => {
    const message = `There is nothing at ${request.method} ${request.originalUrl}.`
    throw new CallerError({ status: 404, code: 'request.not-found', message })
  })
}
