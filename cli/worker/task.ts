import type { Outcome } from '#shared/jobs/outcome.ts'
import type { ProgressSubject } from '../progress-display.ts'

/** A job that somebody may take up. */
export interface Task {
  jobId: string
  subject: ProgressSubject
  /** Not before this. */
  dueAt: Date
  /** Somebody works on it, until `dueAt` at least: it is not ours to wait for. */
  isLeased: boolean
  /** Takes it up. The claim decides whether we may; never throws for what it decides. */
  run(): Promise<Outcome>
}

export type QueueName = 'models' | 'images'

/** The work of one service. */
export interface WorkQueue {
  name: QueueName
  /** How many tasks at once. */
  concurrency: number
  /** Everything that waits, or is somebody's. */
  find(): Promise<Task[]>
  /** What is to do when there is nothing to do: what a scheduler asks of the service every few minutes. */
  tidy(): Promise<unknown>
}
