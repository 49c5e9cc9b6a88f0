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

export function taskName(request: WakeRequest): string {
  return `${request.jobId}-${request.fence}-${Math.floor(request.at.getTime() / 1000)}`
}
