import { status } from '@grpc/grpc-js'
import { z } from 'zod'
import { createFaultQueue, type DueFault, type FaultQueue } from '../fault-queue.ts'
import { StatusError, toStatusError } from './wire/status.ts'

/** A method of google.firestore.v1.Firestore, e.g. `Commit`. */
export type DocumentEndpoint = string

const code = z.enum([
  'ABORTED',
  'CANCELLED',
  'DEADLINE_EXCEEDED',
  'INTERNAL',
  'PERMISSION_DENIED',
  'RESOURCE_EXHAUSTED',
  'UNAUTHENTICATED',
  'UNAVAILABLE',
  'UNKNOWN',
])

/** What can go wrong on demand. */
const fault = z.discriminatedUnion('kind', [
  /** This status in place of the work. */
  z.strictObject({ kind: z.literal('status'), code, message: z.string().optional() }),
  /** Does the work and answers this status, UNAVAILABLE unless told otherwise: the caller cannot know. */
  z.strictObject({ kind: z.literal('lost-answer'), code: code.optional() }),
  /** Resets the connection, with every other call on it; nothing was done. */
  z.strictObject({ kind: z.literal('reset') }),
  /** Takes the call and never answers. */
  z.strictObject({ kind: z.literal('stall') }),
  /** Answers rightly, but only after so many ms. */
  z.strictObject({ kind: z.literal('delay'), ms: z.int().min(0).max(600_000) }),
])

export type DocumentFault = z.infer<typeof fault>

/** A fault as it comes over the control endpoint. */
export const faultOrder = z.strictObject({
  fault,
  times: z.int().min(1).default(1),
  endpoint: z.string().min(1).optional(),
})

export type DocumentFaults = FaultQueue<DocumentFault, DocumentEndpoint>

export const createDocumentFaults = (): DocumentFaults => createFaultQueue()

/** A call's own fault comes in this header (gRPC metadata), as JSON. */
export const FAULT_HEADER = 'x-fault'

/** The fault that a call asks for by itself, or the one that is ordered for it. @throws StatusError for a header that orders none. */
export function dueFault(
  faults: DocumentFaults,
  call: { method: string; header: string | undefined; isListen: boolean },
): DueFault<DocumentFault> | null {
  if (call.header !== undefined) return { fault: readHeader(call.header), fire: () => {} }
  // A listener has no answer that could get lost.
  return faults.next(call.method, ({ kind }) => !call.isListen || kind !== 'lost-answer')
}

function readHeader(text: string): DocumentFault {
  try {
    return fault.parse(JSON.parse(text))
  } catch {
    throw new StatusError(status.INVALID_ARGUMENT, `The header ${FAULT_HEADER} holds no fault that is known here.`)
  }
}

/** Runs a call's work, or what its fault leaves of it. `reset` ends the caller's connection. */
export async function sufferFault<T>(
  due: DueFault<DocumentFault> | null,
  work: () => Promise<T>,
  reset: () => void,
): Promise<T> {
  if (due === null) return work()
  const ordered = due.fault
  switch (ordered.kind) {
    case 'status':
      due.fire()
      throw new StatusError(status[ordered.code], ordered.message ?? 'Injected by the test.')
    case 'lost-answer':
      await work()
      due.fire()
      throw new StatusError(status[ordered.code ?? 'UNAVAILABLE'], 'The answer got lost, as ordered by the test.')
    case 'reset':
      due.fire()
      reset()
      return new Promise<never>(() => {})
    case 'stall':
      due.fire()
      return new Promise<never>(() => {})
    case 'delay':
      due.fire()
      await new Promise((resolve) => setTimeout(resolve, ordered.ms).unref())
      return work()
    default:
      throw toStatusError(ordered satisfies never)
  }
}
