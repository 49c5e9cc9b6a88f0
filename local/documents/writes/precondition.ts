import type { Micros } from '#local/documents/clock.ts'
import type { WirePrecondition } from '#local/documents/wire/messages.ts'
import { alreadyExists, failedPrecondition, notFound } from '#local/documents/wire/status.ts'
import { fromWireTimestamp } from '#local/documents/wire/timestamp.ts'

/** @throws StatusError ALREADY_EXISTS, NOT_FOUND or FAILED_PRECONDITION when the document is not as it must be. */
export function checkPrecondition(
  precondition: WirePrecondition | null,
  name: string,
  present: { updateTime: Micros | null } | null,
): void {
  if (precondition === null) return
  if (precondition.conditionType === 'exists') {
    if (precondition.exists && present === null) throw notFound(`No document to update: ${name}`)
    if (!precondition.exists && present !== null) throw alreadyExists(`Document already exists: ${name}`)
  }
  if (precondition.conditionType === 'updateTime') {
    if (present?.updateTime !== fromWireTimestamp(precondition.updateTime)) {
      throw failedPrecondition(`The stored version of ${name} does not match the required base version.`)
    }
  }
}
