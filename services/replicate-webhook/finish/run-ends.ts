import { FinalError } from '#shared/errors/app-error.ts'

/** How a run ends that has made nothing. */
export type BadEnd = 'failed' | 'canceled' | 'aborted'

/** Where the job keeps the seconds of a run that made nothing: it is billed all the same. Null where Replicate does not say. */
export const BILLED = 'billed'

const sentences = {
  failed: 'The training failed at Replicate; other photos or settings may help.',
  canceled: 'The training was canceled at Replicate.',
  aborted: 'The training was given up at Replicate before it began.',
} satisfies Record<BadEnd, string>

/** The run's own words may hold anything: they are for the log only. */
export function runEndedBadly(status: BadEnd): FinalError {
  return new FinalError({ code: `training.${status}-at-replicate`, message: sentences[status] })
}

/** Failures of a training after which nothing of it is under way at Replicate any more. */
const endedCodes: ReadonlySet<string> = new Set([
  'training.failed-at-replicate',
  'training.canceled-at-replicate',
  'training.aborted-at-replicate',
  'training.output-gone',
  'training.bad-output',
  'training.run-gone',
])

export function hasRunEnded(code: string): boolean {
  return endedCodes.has(code)
}
