import type { Request } from 'express'
import { CallerError } from '#shared/errors/app-error.ts'

/**
 * A request's JSON.
 * @throws CallerError 415 `request.not-json` for another type, 400 `request.unreadable` for what cannot be read.
 */
export function readJson(request: Request): unknown {
  const type = request.get('content-type')
  if (type === undefined || !/^application\/json\s*(;|$)/i.test(type)) {
    throw new CallerError({
      status: 415,
      code: 'request.not-json',
      message: 'The body must be JSON, with the content type application/json.',
    })
  }
  try {
    // RFC 8259 §8.1: JSON is UTF-8; wrong bytes are refused, not replaced.
    return JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(request.body as Uint8Array)) // express.raw gave a Buffer
  } catch (error) {
    throw new CallerError({
      status: 400,
      code: 'request.unreadable',
      message: 'The body is no JSON in UTF-8.',
      cause: error,
    })
  }
}
