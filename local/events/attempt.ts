import type { Clock } from '../clock.ts'
import type { Answer, OutgoingRequest, SendRequest } from '../send-request.ts'
import type { FaultUse } from './faults.ts'

/** How one attempt ended, as the queue sees it. */
export interface AttemptOutcome {
  acknowledged: boolean
  /** For people: `204`, `no answer within 10000 ms`, `ECONNREFUSED`. */
  answer: string
}

export interface AttemptParams {
  push: OutgoingRequest
  send: SendRequest
  clock: Clock
  /** In real time: a handler does not work faster because waiting does. */
  ackDeadlineMs: number
  fault: FaultUse | null
  /** Ends the requests when the local cloud stops. */
  signal: AbortSignal
  /** Told of every request that is open, also of one whose answer nobody waits for any more. */
  track: (request: Promise<Answer>) => void
}

/** What Pub/Sub takes for an acknowledgement; every other status, 3xx and 4xx too, means "send it again". */
const ACKNOWLEDGED = new Set([102, 200, 201, 202, 204])

/** Makes one delivery attempt, with the fault that was injected into it. Never throws. */
export async function attemptDelivery(params: AttemptParams): Promise<AttemptOutcome> {
  const { fault } = params
  switch (fault?.fault.kind) {
    case 'server-error':
      fault.fire()
      return { acknowledged: false, answer: '503 (injected server-error)' }
    case 'concurrent-duplicates': {
      fault.fire()
      const outcomes = await Promise.all(Array.from({ length: fault.fault.copies }, () => sendOnce(params)))
      return (
        outcomes.find((outcome) => !outcome.acknowledged) ?? { acknowledged: true, answer: 'all copies acknowledged' }
      )
    }
    case 'duplicate': {
      const first = await sendOnce(params)
      if (!first.acknowledged) return released(fault, first)
      fault.fire()
      return sendOnce(params)
    }
    case 'lost-answer': {
      const outcome = await sendOnce(params)
      if (!outcome.acknowledged) return released(fault, outcome)
      fault.fire()
      return { acknowledged: false, answer: `${outcome.answer} (injected lost-answer)` }
    }
    default:
      return sendOnce(params)
  }
}

function released(fault: FaultUse, outcome: AttemptOutcome): AttemptOutcome {
  fault.release()
  return outcome
}

/** Sends, and waits no longer than the ack deadline. The request itself goes on: the service still works on it. */
async function sendOnce({ push, send, clock, ackDeadlineMs, signal, track }: AttemptParams): Promise<AttemptOutcome> {
  const answered = new AbortController()
  const request = send(push, signal)
  track(request)
  const deadline = clock
    .waitUntil(clock.now() + ackDeadlineMs, answered.signal)
    .then(() => ({ status: null, reason: `no answer within ${ackDeadlineMs} ms` }))
  try {
    const answer = await Promise.race([request, deadline])
    if (answer.status === null) return { acknowledged: false, answer: answer.reason }
    return { acknowledged: ACKNOWLEDGED.has(answer.status), answer: String(answer.status) }
  } finally {
    // The deadline's own rejection must not count as unhandled.
    deadline.catch(() => {})
    answered.abort()
  }
}
