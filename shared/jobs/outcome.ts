/** How one attempt at a job ended, seen from whoever delivered the reason for it. */
export type Outcome =
  | { kind: 'done' }
  | { kind: 'already-done' }
  | { kind: 'not-ours'; reason: string }
  | { kind: 'canceled'; code: string }
  /** A task or the reconciler will start it again; the delivery is no longer needed. */
  | { kind: 'woken-later'; at: Date }
  | { kind: 'failed'; code: string }
  /** Somebody else holds a live lease: acknowledging now would lose the job if that instance died. */
  | { kind: 'held'; retryAfterMs: number }
  | { kind: 'try-again'; code: string; retryAfterMs: number }

/**
 * The HTTP answer to a delivery, decided here for every service (DESIGN §2.3). 204 ends the delivery; 503 asks for it
 * again. Undecodable requests never get this far: the server answers 400 and the dead-letter topic keeps them.
 */
export function answerTo(outcome: Outcome): { status: 204 } | { status: 503; retryAfterSeconds: number } {
  switch (outcome.kind) {
    case 'done':
    case 'already-done':
    case 'not-ours':
    case 'canceled':
    case 'woken-later':
    case 'failed':
      return { status: 204 }
    case 'held':
    case 'try-again':
      return { status: 503, retryAfterSeconds: Math.max(1, Math.ceil(outcome.retryAfterMs / 1000)) }
    default:
      return outcome satisfies never
  }
}
