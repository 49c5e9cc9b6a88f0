import { randomUUID } from 'node:crypto'
import type { Request, RequestHandler } from 'express'
import type { LogFields, Logger } from '#shared/logging/logger.ts'
import { traceFields } from '#shared/logging/trace.ts'

/** What belongs to one request. */
export interface RequestContext {
  /** Ours, or the caller's `x-request-id`; sent back under that name. */
  requestId: string
  /** The request's id and trace, as lines carry them. */
  fields: LogFields
  /** Its lines carry these. */
  logger: Logger
}

interface RequestContextInit {
  logger: Logger
  projectId: string
  newId?: () => string
}

/** On the request itself: a WeakMap of what lives for a millisecond is a tenth of the work of an ignored event. */
const contextKey = Symbol('request context')
type WithContext = Request & { [contextKey]?: RequestContext }

/** A caller's id is only taken when it can do no harm in a log line. */
const HARMLESS_ID = /^[\w.:-]{1,128}$/

/** Middleware that gives each request its context. */
export function requestContext(init: RequestContextInit): RequestHandler {
  const newId = init.newId ?? randomUUID
  return (request: WithContext, response, next) => {
    const given = request.get('x-request-id')
    const requestId = given !== undefined && HARMLESS_ID.test(given) ? given : newId()
    const headers = {
      traceparent: request.get('traceparent'),
      'x-cloud-trace-context': request.get('x-cloud-trace-context'),
    }
    const fields = { requestId, ...traceFields(headers, init.projectId) }
    request[contextKey] = { requestId, fields, logger: init.logger.child(fields) }
    response.setHeader('x-request-id', requestId)
    next()
  }
}

/** The context of a request that came through `createApp`. */
export function contextOf(request: WithContext): RequestContext {
  const context = request[contextKey]
  if (context === undefined) throw new Error('This request did not come through createApp.')
  return context
}
