import type { Express } from 'express'
import { createApp } from '#shared/server/create-app.ts'
import { internalRoutes } from '#shared/server/internal-routes.ts'
import { type JobsContext, lazyJobs } from '#shared/server/lazy-jobs.ts'
import type { ServiceContext } from '#shared/server/start-service.ts'
import { openVerifier } from './deliveries/open-verifier.ts'
import { webhookRoutes } from './deliveries/webhook-routes.ts'
import type { WebhookJobs } from './webhook-jobs.ts'

export type { WebhookJobs } from './webhook-jobs.ts'

export type ReplicateWebhookInit = JobsContext<'replicate-webhook'>

/** Anybody can send us bytes. A run whose webhook is larger, for its logs are in it, is found by its job's own look. */
const BODY_LIMIT_BYTES = 1024 * 1024

/** The service's routes: signed webhooks from Replicate, which only ask for work, and the tasks that do it. */
export function createReplicateWebhook(context: ServiceContext<'replicate-webhook'>): Express {
  const { config, logger } = context
  const loadJobs = lazyJobs(context, () => openJobs(context))
  const verifier = openVerifier(context)
  return createApp({
    logger,
    projectId: config.GOOGLE_CLOUD_PROJECT,
    bodyLimitBytes: BODY_LIMIT_BYTES,
    routes(app) {
      internalRoutes(app, { config, loadJobs })
      webhookRoutes(app, { verifier, loadJobs })
    },
  })
}

/** The service's jobs without its routes: also for a worker that looks for work itself. */
export async function openJobs(init: ReplicateWebhookInit): Promise<WebhookJobs> {
  const { openWebhookJobs } = await import('./webhook-jobs.ts')
  return await openWebhookJobs(init)
}
