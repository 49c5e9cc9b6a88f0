import { FinalError } from '#shared/errors/app-error.ts'

/** Why a request is no event that we can read. Each is a final answer: the same bytes will not read better later. */
export type UndecodableReason =
  | 'not-an-event'
  | 'missing-field'
  | 'bad-field'
  | 'content-type'
  | 'malformed-json'
  | 'malformed-protobuf'

/**
 * A delivery that could not be understood at all. The server answers 400, so that the sender keeps it and it ends in
 * the dead letters where a person can see it.
 */
export class UndecodableEventError extends FinalError {
  /** The attribute or the path into the body that is missing or wrong; null where the whole body is unreadable. */
  readonly field: string | null

  constructor(reason: UndecodableReason, message: string, options: { field?: string; cause?: unknown } = {}) {
    const { field, cause } = options
    super({
      code: `event.undecodable.${reason}`,
      message,
      ...(field === undefined ? {} : { facts: { field } }),
      ...(cause === undefined ? {} : { cause }),
    })
    this.field = field ?? null
  }
}

/** A required attribute or body field is not there. */
export function missingField(field: string): UndecodableEventError {
  return new UndecodableEventError('missing-field', `The event lacks ${field}.`, { field })
}

/** A field is there, but is not what the contract says; `expected` reads as "must be …". */
export function badField(field: string, expected: string): UndecodableEventError {
  return new UndecodableEventError('bad-field', `The event's ${field} must be ${expected}.`, { field })
}
