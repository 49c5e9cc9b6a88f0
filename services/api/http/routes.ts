import type { Express, Request } from 'express'
import { CallerError } from '#shared/errors/app-error.ts'
import { contextOf } from '#shared/server/request-context.ts'
import type { ApiContext } from '../api-context.ts'
import type { Authenticate } from './authenticate.ts'
import type { Endpoint } from './endpoint.ts'
import type { RateLimit } from './rate-limit.ts'
import { readJson } from './read-json.ts'
import { requireOperator } from './require-operator.ts'

/** Adds a route for each endpoint of the table: who sends it, whether they may at the moment, what it says, then the work. */
export function endpointRoutes(
  app: Express,
  parts: { endpoints: readonly Endpoint[]; authenticate: Authenticate; rateLimit: RateLimit; context: ApiContext },
): void {
  const { endpoints, authenticate, rateLimit, context } = parts
  for (const endpoint of endpoints) {
    app[endpoint.method](expressPath(endpoint.path), async (request, response) => {
      const user = await authenticate(request, response)
      const retryAt = rateLimit.take(user.uid, context.now())
      if (retryAt !== null) throw tooManyRequests(retryAt)
      if (endpoint.operatorsOnly) requireOperator(user)
      const { logger } = contextOf(request)
      const { status, body } = await endpoint.handle(
        { user, context, logger: logger.child({ userId: user.uid }) },
        {
          params: request.params,
          query: request.query,
          headers: request.headers,
          body: endpoint.parts.body ? readJson(request) : null,
        },
      )
      response.status(status).json(body)
    })
  }
  for (const [path, methods] of methodsByPath(endpoints)) {
    app.all(expressPath(path), (request, response) => {
      response.setHeader('allow', methods.join(', '))
      throw notAllowed(request)
    })
  }
}

/** Express writes `:id` where OpenAPI writes `{id}`. */
function expressPath(path: string): string {
  return path.replace(/\{(\w+)\}/g, ':$1')
}

function methodsByPath(endpoints: readonly Endpoint[]): Map<string, string[]> {
  const methods = new Map<string, string[]>()
  for (const { path, method } of endpoints) {
    methods.set(path, [...(methods.get(path) ?? []), ...(method === 'get' ? ['GET', 'HEAD'] : [method.toUpperCase()])])
  }
  return methods
}

function tooManyRequests(retryAt: Date): CallerError {
  return new CallerError({
    status: 429,
    code: 'rate.limited',
    message: 'These are too many requests within a minute; wait as long as Retry-After says.',
    retryAt,
  })
}

function notAllowed(request: Request): CallerError {
  return new CallerError({
    status: 405,
    code: 'request.method-not-allowed',
    message: `${request.path} does not take ${request.method}.`,
  })
}
