import type { JobRun } from '#shared/jobs/job-run.ts'
import { outcomeOfCreate } from '#shared/replicate/create-outcome.ts'
import type { ReplicateError } from '#shared/replicate/replicate-error.ts'
import type { Run } from '#shared/replicate/run.ts'

/** A run at Replicate that is ours. */
export interface CreatedRun {
  runId: string
  /** When its creation was answered, or the run was found. */
  atMs: number
}

const PROVIDER = 'replicate'

/**
 * Creates a run once for the life of the job: `step` keeps its id. Null where the answer was lost, now or in an earlier claim:
 * then there may be a paid run, which is looked for (`searchLostRun`, under the same step) and never created again.
 * Throws the refusals, which prove that nothing was created.
 */
export async function createRunOnce<Input>(
  run: JobRun<Input>,
  params: { step: string; create: () => Promise<Run>; now?: () => Date },
): Promise<CreatedRun | null> {
  const { step, create, now = () => new Date() } = params
  const stored = run.stored<CreatedRun>(step)
  if (stored !== null) return stored
  if (wasCreationLost(run, step)) return null
  try {
    return await run.step(step, async () => {
      const { id } = await run.paidCall({
        step,
        provider: PROVIDER,
        call: () => createdOrLost(create, run.signal),
        wasAnswered: (error) => !(error instanceof AnswerLost),
        creditsOf: () => null,
      })
      return { runId: id, atMs: now().getTime() }
    })
  } catch (error) {
    if (!(error instanceof AnswerLost)) throw error
    run.logger.warn('The answer of a creation at Replicate was lost; its run is looked for.', {
      step,
      code: error.reason.code,
      error: error.reason,
    })
    return null
  }
}

/** Whether the answer of this creation was lost, in this run or an earlier one. */
export function wasCreationLost<Input>(run: JobRun<Input>, step: string): boolean {
  return run.lostCalls(step, PROVIDER) > 0
}

/** Only between here and the books of the job. */
class AnswerLost extends Error {
  readonly reason: ReplicateError

  constructor(reason: ReplicateError) {
    super(reason.message, { cause: reason })
    this.reason = reason
  }
}

async function createdOrLost(create: () => Promise<Run>, signal: AbortSignal): Promise<Run> {
  const made = await outcomeOfCreate(create, signal)
  if (made.outcome === 'create-unknown') throw new AnswerLost(made.error)
  return made.run
}
