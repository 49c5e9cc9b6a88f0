import { status } from '@grpc/grpc-js'

/** A refusal that the client sees as a gRPC status, worded like the real service where callers look at the words. */
export class StatusError extends Error {
  readonly code: status

  constructor(code: status, message: string) {
    super(message)
    this.name = 'StatusError'
    this.code = code
  }
}

export const invalidArgument = (message: string) => new StatusError(status.INVALID_ARGUMENT, message)
export const notFound = (message: string) => new StatusError(status.NOT_FOUND, message)
export const alreadyExists = (message: string) => new StatusError(status.ALREADY_EXISTS, message)
export const failedPrecondition = (message: string) => new StatusError(status.FAILED_PRECONDITION, message)
export const aborted = (message: string) => new StatusError(status.ABORTED, message)

/** Any thrown value as a status: what we did not foresee is INTERNAL, with its message for whoever debugs a local run. */
export function toStatusError(error: unknown): StatusError {
  if (error instanceof StatusError) return error
  return new StatusError(status.INTERNAL, error instanceof Error ? (error.stack ?? error.message) : String(error))
}
