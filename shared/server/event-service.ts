import type { Express, RequestHandler, Response } from 'express'
import { CallerError } from '#shared/errors/app-error.ts'
import type { CloudEvent } from '#shared/events/cloud-event.ts'
import { parseCloudEvent } from '#shared/events/parse-cloud-event.ts'
import { answerTo, type Outcome } from '#shared/jobs/outcome.ts'
import { errorBody } from './error-answer.ts'
import { contextOf } from './request-context.ts'

/** Eventarc's largest event is 512 KB; base64 in a Pub/Sub envelope makes that 700 KB. */
export const EVENT_BODY_LIMIT_BYTES = 1024 * 1024

export interface EventService {
  /** Guards `/internal/*`. */
  internalCaller: RequestHandler
  handleEvent(event: CloudEvent): Promise<Outcome>
  /** Goes on with a job that a task or an operator names. */
  resumeJob(id: string): Promise<Outcome>
  /** Answers with its report. */
  reconcile(): Promise<object>
}

/** The routes that every event service has. Events come on any path: they are told apart by `ce-type`. */
export function eventServiceRoutes(app: Express, service: EventService): void {
  app.use('/internal', service.internalCaller)
  app.post('/internal/jobs/:id', async (request, response) => {
    answer(response, await service.resumeJob(String(request.params.id)), { job: request.params.id })
  })
  app.post('/internal/reconcile', async (_request, response) => {
    response.status(200).json(await service.reconcile())
  })
  app.use('/internal', (request) => {
    const message = `There is nothing at ${request.method} ${request.originalUrl}.`
    throw new CallerError({ status: 404, code: 'request.not-found', message })
  })
  app.post('/{*path}', async (request, response) => {
    const event = parseCloudEvent({ headers: request.headers, body: request.body as Uint8Array }) // express.raw gave a Buffer
    answer(response, await service.handleEvent(event), { event: event.id, type: event.type, subject: event.subject })
  })
}

function answer(response: Response, outcome: Outcome, about: Record<string, unknown>): void {
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
