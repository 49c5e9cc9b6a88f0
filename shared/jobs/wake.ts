/** A job to be started again at a time. */
export interface WakeRequest {
  jobId: string
  at: Date
  /** Makes the task's name: the same wake asked for twice is one task. */
  fence: number
}

/** The later work of DESIGN §2.5: a Cloud Tasks task, in the cloud and in the local cloud alike. */
export interface WakeQueue {
  wake(request: WakeRequest): Promise<void>
}

/**
 * Wakes for one tenth of a second are one task. No coarser: what has happened now must not be taken for the look at it that
 * was put down for later in the same second.
 */
export function taskName(request: WakeRequest): string {
  return `${request.jobId}-${request.fence}-${Math.floor(request.at.getTime() / 100)}`
}
