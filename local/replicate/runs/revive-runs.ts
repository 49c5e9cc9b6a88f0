import type { ReplicateRequest } from '../seen-request.ts'
import { createRun, type RunContext } from './create-run.ts'
import { createTraining } from './create-training.ts'

/**
 * Takes up the runs of the last start: those that have ended are there to be read, the others begin anew under their ids.
 * No webhook is repeated for what had ended.
 */
export async function reviveRuns(context: RunContext, request: ReplicateRequest): Promise<void> {
  for (const { creation, ...past } of context.book.all()) {
    const body = Buffer.from(creation.body)
    const seen = { ...request }
    switch (creation.kind) {
      case 'training':
        createTraining(context, { ...creation, body, fault: null, seen, past })
        break
      case 'prediction': {
        const headers = creation.cancelAfter === null ? {} : { 'cancel-after': creation.cancelAfter }
        await createRun(context, { headers, body, fault: null, seen, past })
        break
      }
      default:
        creation satisfies never
    }
  }
}
