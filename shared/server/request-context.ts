import { randomUUID } from 'node:crypto'
import type { Request, RequestHandler } from 'express'
import type { Logger } from '#shared/logging/logger.ts'
import { traceFields } from '#shared/logging/trace.ts'

/** What belongs to one request. */
export interface RequestContext {
  /** Ours, or the caller's `x-request-id`; sent back under that name. */
  requestId: string
  /** Its lines carry the request's id and trace. */
  logger: Logger
}

interface RequestContextInit {
  logger: Logger
  projectId: string
  newId?: () => string
}

const contexts = new WeakMap<Request, RequestContext>()

/** A caller's id is only taken when it can do no harm in a log line. */
const HARMLESS_ID = /^[\w.:-]{1,128}$/

/** Middleware that gives each request its context. */
export function requestContext(init: RequestContextInit): RequestHandler {
  const newId = init.newId ?? randomUUID
  return (request, response, next) => {
    const given = request.get('x-request-id')
    const requestId = given !== undefined && HARMLESS_ID.test(given) ? given : newId()
    const headers = {
      traceparent: request.get('traceparent'),
      'x-cloud-trace-context': request.get('x-cloud-trace-context'),
    }
    const logger = init.logger.child({ requestId, ...traceFields(headers, init.projectId) })
    contexts.set(request, { requestId, logger })
    response.setHeader('x-request-id', requestId)
    next()
  }
}

/** The context of a request that came through `createApp`. */
export function contextOf(request: Request): RequestContext {
  const context = contexts.get(request)
  if (context === undefined) throw new Error('This request did not come through createApp.')
  return context
}
