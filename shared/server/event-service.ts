import type { Express } from 'express'
import type { Service } from '#shared/config/variable.ts'
import type { CloudEvent } from '#shared/events/cloud-event.ts'
import { parseCloudEvent } from '#shared/events/parse-cloud-event.ts'
import type { Outcome } from '#shared/jobs/outcome.ts'
import { answerOutcome } from './answer-outcome.ts'
import { createApp } from './create-app.ts'
import { internalRoutes } from './internal-routes.ts'
import { lazyJobs, type ServiceJobs } from './lazy-jobs.ts'
import type { ServiceContext } from './start-service.ts'

/** Eventarc's largest event is 512 KB; base64 in a Pub/Sub envelope makes that 700 KB. */
const EVENT_BODY_LIMIT_BYTES = 1024 * 1024

export interface EventService<Jobs extends ServiceJobs> {
  /** Imports what opens the jobs (a dynamic import: see `lazyJobs`) and opens them. */
  openJobs(): Promise<Jobs>
  /** Calls `loadJobs` only for an event that is for the service: most are not. */
  handleEvent(event: CloudEvent, loadJobs: () => Promise<Jobs>): Promise<Outcome>
}

/** A service that events start. They come on any path: they are told apart by `ce-type`. */
export function createEventService<Jobs extends ServiceJobs>(
  context: ServiceContext<Service>,
  service: EventService<Jobs>,
): Express {
  const { config, logger } = context
  const loadJobs = lazyJobs(context, () => service.openJobs())
  return createApp({
    logger,
    projectId: config.GOOGLE_CLOUD_PROJECT,
    bodyLimitBytes: EVENT_BODY_LIMIT_BYTES,
    routes(app) {
      internalRoutes(app, { config, loadJobs })
      app.post('/{*path}', async (request, response) => {
        const event = parseCloudEvent({ headers: request.headers, body: request.body as Uint8Array }) // express.raw gave a Buffer
        const outcome = await service.handleEvent(event, loadJobs)
        answerOutcome(response, outcome, { event: event.id, type: event.type, subject: event.subject })
      })
    },
  })
}
