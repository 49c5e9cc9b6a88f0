import { type Call, header } from '../http/call.ts'
import { ApiFailure, invalid } from '../http/failure.ts'

/** How long an upload may be, both ends included: what `x-goog-content-length-range` says. */
export interface AcceptedSize {
  minBytes: number
  maxBytes: number
}

/** Reads the header; null where there is none. Throws 400 for one that is no range. */
export function parseAcceptedSize(call: Call): AcceptedSize | null {
  const value = header(call, 'x-goog-content-length-range')
  if (value === null) return null
  const match = /^(\d{1,15}),(\d{1,15})$/.exec(value.trim())
  const [minBytes, maxBytes] = [Number(match?.[1]), Number(match?.[2])]
  if (match === null || minBytes > maxBytes) throw invalid('Invalid argument: x-goog-content-length-range.')
  return { minBytes, maxBytes }
}

/** Throws 400 as soon as an upload is known to be longer than accepted. */
export function assertNotTooLarge(accepted: AcceptedSize | null | undefined, sizeBytes: number): void {
  if (accepted && sizeBytes > accepted.maxBytes) throw tooLarge(accepted, sizeBytes)
}

/** Throws 400 where a finished upload has another length than is accepted. */
export function assertAcceptedSize(accepted: AcceptedSize | null | undefined, sizeBytes: number): void {
  assertNotTooLarge(accepted, sizeBytes)
  if (accepted && sizeBytes < accepted.minBytes) {
    throw new ApiFailure({
      status: 400,
      reason: 'invalid',
      xmlCode: 'EntityTooSmall',
      message: `Your proposed upload is smaller than the minimum object size specified in your Policy Document (${sizeBytes} < ${accepted.minBytes}).`,
    })
  }
}

/** 400, not 413: so the XML API answers `EntityTooLarge`. */
function tooLarge({ maxBytes }: AcceptedSize, sizeBytes: number): ApiFailure {
  return new ApiFailure({
    status: 400,
    reason: 'invalid',
    xmlCode: 'EntityTooLarge',
    message: `Your proposed upload exceeds the maximum object size specified in your Policy Document (${sizeBytes} > ${maxBytes}).`,
  })
}
