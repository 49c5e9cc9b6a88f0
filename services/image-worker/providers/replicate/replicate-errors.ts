import { AppError, TransientError } from '#shared/errors/app-error.ts'
import type { Prediction } from '#shared/replicate/prediction.ts'
import { isReplicateError } from '#shared/replicate/replicate-error.ts'
import { isProviderError, type ProviderError, ProviderFinalError, ProviderTransientError } from '../provider-error.ts'

/**
 * Where a run stood when something failed. `staging`: nothing is paid yet. `creating`: perhaps. `running`: a run exists, and
 * what we can't learn of it is lost. `stopped`: it was stopped for the failure's sake, so nothing is.
 */
export type Phase = 'staging' | 'creating' | 'running' | 'stopped'

/** What the client throws, as a provider's failure. What it does not know stays as it is, and counts as perhaps paid. */
export function toProviderError(error: unknown, phase: Phase): unknown {
  if (isProviderError(error) || !(error instanceof AppError)) return error
  const known = isReplicateError(error)
  const wasNotCarriedOut = phase === 'creating' && known && error.delivery !== 'unknown'
  const answered = phase === 'staging' || phase === 'stopped' || wasNotCarriedOut
  const init = {
    code: error.code,
    message: error.message,
    facts: error.facts,
    cause: error,
    scope: 'provider',
    answered,
  } as const
  // The result of a run that is paid but out of reach can be had by running it once more, whatever the reason was.
  const mayPass = error.retryable || (phase === 'running' && error.code === 'replicate.output-gone')
  if (!mayPass) return new ProviderFinalError(init)
  return new ProviderTransientError({ ...init, retryAt: error instanceof TransientError ? error.retryAt : null })
}

/** The failures that Replicate itself asks to repeat: "Prediction interrupted; please retry (code: PA)". */
const INTERRUPTED = /\binterrupted\b|\bplease (re)?try( again)?\b/i

/** A run that ended without a result: we know how it ended, so nothing is lost. */
export function unsuccessfulRun(prediction: Prediction, because: { isOurDeadline: boolean }): ProviderError {
  const facts = { predictionId: prediction.id, status: prediction.status, said: prediction.error }
  const known = { scope: 'provider', answered: true, facts } as const
  if (because.isOurDeadline) {
    return new ProviderTransientError({
      ...known,
      code: 'replicate.timeout',
      message: 'The model at Replicate took too long and was stopped; it is tried again.',
    })
  }
  if (prediction.status !== 'failed') {
    // Replicate's own deadline for the run (it never left the queue, or ran too long), or somebody at the dashboard.
    return new ProviderTransientError({
      ...known,
      code: `replicate.${prediction.status}`,
      message: 'The run of the model at Replicate was stopped before its end; it is tried again.',
    })
  }
  if (INTERRUPTED.test(prediction.error ?? '')) {
    return new ProviderTransientError({
      ...known,
      code: 'replicate.interrupted',
      message: 'The run of the model was interrupted at Replicate; it is tried again.',
    })
  }
  return new ProviderFinalError({
    ...known,
    scope: 'picture',
    code: 'replicate.failed',
    message: 'The model at Replicate failed with this picture; try another one, or configure another provider.',
  })
}

/** A run that goes on, or whose end we cannot learn, after we gave up waiting. */
export function lostRun(prediction: Prediction): ProviderError {
  return new ProviderTransientError({
    code: 'replicate.timeout',
    message: 'The model at Replicate took too long, and it is not known whether it was stopped.',
    scope: 'provider',
    answered: false,
    facts: { predictionId: prediction.id, status: prediction.status },
  })
}

/** The run succeeded, but its result has been removed already. */
export function removedResult(prediction: Prediction): ProviderError {
  return new ProviderTransientError({
    code: 'replicate.output-gone',
    message: 'The result is no longer at Replicate, which keeps it for an hour.',
    scope: 'provider',
    answered: false,
    facts: { predictionId: prediction.id },
  })
}

/** The model answers in another shape than configured: the next run would too. */
export function otherShapeOfOutput(prediction: Prediction): ProviderError {
  return new ProviderFinalError({
    code: 'replicate.bad-output',
    message: "The model's output is not of the configured kind; check its REPLICATE_…_OUTPUT.",
    scope: 'provider',
    answered: true,
    // Its kind, not its text: a URL there opens the result to whoever reads the log.
    facts: { predictionId: prediction.id, output: kindOf(prediction.output) },
  })
}

/** A paid result that is not the picture we asked for. */
export function badPicture(
  what: string,
  rest: { facts: Readonly<Record<string, unknown>>; cause?: unknown },
): ProviderError {
  return new ProviderTransientError({
    code: 'replicate.bad-picture',
    message: `The model's output is not the picture we asked for (${what}); it is tried again.`,
    scope: 'provider',
    answered: false,
    ...rest,
  })
}

function kindOf(output: unknown): string {
  if (output === null) return 'nothing'
  return Array.isArray(output) ? `a list of ${output.length}` : typeof output
}
