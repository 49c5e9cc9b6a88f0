import { Timestamp } from '@google-cloud/firestore'
import type { Config } from '#shared/config/environment.ts'
import { taskSilenceMs } from '#shared/jobs/job-states.ts'

/** When the reconciler should take up a job that was put into the books at `now`: at once where no queue does. */
export function dueAt(config: Pick<Config, 'TASKS_QUEUE'>, now: Date): Timestamp {
  return Timestamp.fromMillis(now.getTime() + (config.TASKS_QUEUE === null ? 0 : taskSilenceMs))
}
