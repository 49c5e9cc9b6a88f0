import { CallerError } from '#shared/errors/app-error.ts'

interface ApiFailureInit {
  status: number
  /** Google's `errors[].reason`: notFound, conditionNotMet, invalid… */
  reason: string
  message: string
  /** The code of the XML API's error body where it differs from what the status says. */
  xmlCode?: string
  location?: FailureLocation
}

/** Where in the request the fault lies. */
interface FailureLocation {
  type: 'header' | 'parameter'
  name: string
}

/** A refusal as Cloud Storage words it; the reply's shape (JSON, XML, text) is decided where it is sent. */
export class ApiFailure extends CallerError {
  readonly reason: string
  readonly xmlCode: string
  readonly location: FailureLocation | null

  constructor(init: ApiFailureInit) {
    super({ code: `bucket-server.${init.reason}`, status: init.status, message: init.message })
    this.reason = init.reason
    this.xmlCode = init.xmlCode ?? xmlCodeOf(init.status)
    this.location = init.location ?? null
  }
}

export function invalid(message: string): ApiFailure {
  return new ApiFailure({ status: 400, reason: 'invalid', message })
}

export function required(parameter: string): ApiFailure {
  return new ApiFailure({
    status: 400,
    reason: 'required',
    message: `Required parameter: ${parameter}`,
    location: { type: 'parameter', name: parameter },
  })
}

export function forbidden(message: string, xmlCode = 'AccessDenied'): ApiFailure {
  return new ApiFailure({ status: 403, reason: 'forbidden', message, xmlCode })
}

export function noSuchBucket(): ApiFailure {
  return new ApiFailure({
    status: 404,
    reason: 'notFound',
    message: 'The specified bucket does not exist.',
    xmlCode: 'NoSuchBucket',
  })
}

export function noSuchObject(bucket: string, name: string): ApiFailure {
  return new ApiFailure({
    status: 404,
    reason: 'notFound',
    message: `No such object: ${bucket}/${name}`,
    xmlCode: 'NoSuchKey',
  })
}

export function conflict(message: string, xmlCode: string): ApiFailure {
  return new ApiFailure({ status: 409, reason: 'conflict', message, xmlCode })
}

export function preconditionFailed(): ApiFailure {
  return new ApiFailure({
    status: 412,
    reason: 'conditionNotMet',
    message: 'At least one of the pre-conditions you specified did not hold.',
    location: { type: 'header', name: 'If-Match' },
  })
}

/** A read whose NotMatch condition says that the caller has this state already. Sent without a body. */
export function notModified(): ApiFailure {
  return new ApiFailure({ status: 304, reason: 'notModified', message: 'Not Modified' })
}

export function rangeNotSatisfiable(): ApiFailure {
  return new ApiFailure({
    status: 416,
    reason: 'requestedRangeNotSatisfiable',
    message: 'The requested range cannot be satisfied.',
    xmlCode: 'InvalidRange',
  })
}

export function notSupported(what: string): ApiFailure {
  return new ApiFailure({
    status: 501,
    reason: 'notImplemented',
    message: `The local bucket server does not support ${what}.`,
  })
}

function xmlCodeOf(status: number): string {
  switch (status) {
    case 403:
      return 'AccessDenied'
    case 404:
      return 'NoSuchKey'
    case 412:
      return 'PreconditionFailed'
    case 501:
      return 'NotImplemented'
    default:
      return status < 500 ? 'InvalidArgument' : 'InternalError'
  }
}
