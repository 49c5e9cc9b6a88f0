import express, { type ErrorRequestHandler, type Express } from 'express'
import { AppError, CallerError, TransientError } from '#shared/errors/app-error.ts'
import { withLogFields } from '#shared/logging/log-scope.ts'
import type { Logger } from '#shared/logging/logger.ts'
import { errorAnswer } from './error-answer.ts'
import { contextOf, requestContext } from './request-context.ts'

/** Eventarc's largest event is 512 KB; this leaves room for structured and enveloped forms, and for hand-made calls. */
const DEFAULT_BODY_LIMIT_BYTES = 10 * 1024 * 1024

export interface AppInit {
  logger: Logger
  projectId: string
  /** Adds the routes. Handlers are async and throw; `request.body` is a Buffer of the raw bytes. */
  routes: (app: Express) => void
  bodyLimitBytes?: number
  now?: () => Date
}

/** An Express app with what every service does alike: request context, raw bodies, 404, errors. */
export function createApp(init: AppInit): Express {
  const now = init.now ?? (() => new Date())
  const app = express()
  app.disable('x-powered-by')
  app.disable('etag')
  app.use(requestContext({ logger: init.logger, projectId: init.projectId }))
  // Raw whatever the type says: signatures and protobuf need the bytes, and JSON is decoded where it is understood.
  app.use(express.raw({ type: () => true, limit: init.bodyLimitBytes ?? DEFAULT_BODY_LIMIT_BYTES }))
  app.use((request, _response, next) => {
    if (!Buffer.isBuffer(request.body)) request.body = Buffer.alloc(0)
    // What a job logs is found by the request that it works in, though its logger knows nothing of requests.
    withLogFields(contextOf(request).fields, next)
  })
  init.routes(app)
  app.use((request) => {
    throw new CallerError({
      status: 404,
      code: 'request.not-found',
      message: `There is nothing at ${request.method} ${request.path}.`,
    })
  })
  app.use(answerErrors(now))
  return app
}

function answerErrors(now: () => Date): ErrorRequestHandler {
  // Four parameters are how Express knows an error handler.
  return (error: unknown, request, response, _next) => {
    const answer = errorAnswer(error, now())
    logFailure(contextOf(request).logger, error, answer.status)
    if (response.headersSent) {
      // A status can't be taken back; a cut connection tells the sender that this is not the whole answer.
      response.destroy()
      response.end()
      return
    }
    if (answer.retryAfterSeconds !== null) response.setHeader('retry-after', String(answer.retryAfterSeconds))
    response.status(answer.status).json(answer.body)
  }
}

function logFailure(logger: Logger, error: unknown, status: number): void {
  if (status >= 500 && !(error instanceof TransientError)) {
    logger.error('A request failed for an unforeseen reason.', { error, status })
  } else if (error instanceof TransientError) {
    logger.warn(`A request failed and may be sent again: ${error.message}`, { error, status })
  } else if (error instanceof AppError) {
    logger.info(`A request was refused: ${error.message}`, { code: error.code, facts: error.facts, status })
  } else {
    logger.info('A request could not be read.', { error, status })
  }
}
