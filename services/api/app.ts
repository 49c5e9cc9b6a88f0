import type { RequestListener } from 'node:http'
import type { ResolveHost } from '#shared/http/address-guard.ts'
import { createApp } from '#shared/server/create-app.ts'
import { internalRoutes } from '#shared/server/internal-routes.ts'
import { type JobsContext, lazyJobs } from '#shared/server/lazy-jobs.ts'
import type { ServiceContext } from '#shared/server/start-service.ts'
import type { ApiClients, ApiJobs } from './api-clients.ts'
import type { ApiContext } from './api-context.ts'
import { endpoints } from './endpoints/endpoints.ts'
import { createAuthenticate } from './http/authenticate.ts'
import { documentRoutes } from './http/document-routes.ts'
import { answerCors, setSecurityHeaders } from './http/headers.ts'
import { RateLimit } from './http/rate-limit.ts'
import { endpointRoutes } from './http/routes.ts'
import type { RegistryClients } from './registry-clients.ts'
import { UserQueue } from './user-queue.ts'

export type { PurgeDeps, TrainingPurgePlan, UserPurgePlan } from './operations/operations.ts'

export type ApiInit = JobsContext<'api'>

/** What tests put in the place of the world's. */
export interface ApiParts {
  now?: () => Date
  resolveHost?: ResolveHost
}

/** Bodies are names, numbers and links; a hundred of them are a tenth of this. */
const BODY_LIMIT_BYTES = 256 * 1024

/** The public API's routes. */
export function createApi(init: ServiceContext<'api'>, parts: ApiParts = {}): RequestListener {
  const { config, logger } = init
  const now = parts.now ?? (() => new Date())
  const loadJobs = lazyJobs(init, () => openJobs(init))
  const loadClients = async (): Promise<ApiClients> => (await loadJobs()).clients
  let registry: Promise<RegistryClients> | null = null
  const loadRegistry = (): Promise<RegistryClients> => {
    registry ??= import('./registry-clients.ts').then(({ openRegistry }) => openRegistry({ ...init, now }))
    return registry
  }
  const context: ApiContext = {
    config,
    loadClients,
    loadRegistry,
    queue: new UserQueue(),
    now,
    resolveHost: parts.resolveHost ?? null,
  }
  const app = createApp({
    logger,
    projectId: config.GOOGLE_CLOUD_PROJECT,
    bodyLimitBytes: BODY_LIMIT_BYTES,
    now,
    routes(routes) {
      internalRoutes(routes, { config, loadJobs })
      documentRoutes(routes)
      endpointRoutes(routes, {
        endpoints,
        authenticate: createAuthenticate(config, now),
        rateLimit: new RateLimit(config.REQUESTS_PER_MINUTE),
        context,
      })
    },
  })
  // Before Express, so that a body that is too large to be read is answered with these headers too.
  return (request, response) => {
    setSecurityHeaders(response)
    if (!answerCors(request, response, config.CORS_ORIGINS)) app(request, response)
  }
}

/** The service's jobs without its routes: also for a worker that looks for work itself. */
export async function openJobs(init: ApiInit): Promise<ApiJobs> {
  const { openApiJobs } = await import('./api-jobs.ts')
  return await openApiJobs(init)
}

/** What the command line does for this service, loaded when it is asked for. */
export function loadOperations() {
  return import('./operations/operations.ts')
}
