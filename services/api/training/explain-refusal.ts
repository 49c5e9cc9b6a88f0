import { FinalError } from '#shared/errors/app-error.ts'
import { JobWaitsError } from '#shared/jobs/job-errors.ts'
import { isReplicateError, type ReplicateError } from '#shared/replicate/replicate-error.ts'

const forOperator = 'The training cannot be started at the moment: the service needs its operator. Try again later.'

/** What Replicate's refusals mean to the owner of a training; the operator finds Replicate's own words in the log. */
const sentences: Readonly<Record<string, string>> = {
  'replicate.no-credit':
    'The training cannot be started at the moment: the service has no credit left at Replicate. Try again later.',
  'replicate.denied': forOperator,
  'replicate.not-found': forOperator,
  'replicate.no-destination': forOperator,
  'replicate.name-taken': forOperator,
  'replicate.unreachable': forOperator,
}

/**
 * A failure of Replicate as the job takes it: final ones with a sentence for the owner; a rate limit is no failure but a
 * time to wait for. Anything else comes out as it is. `asked`: only a run is asked for with what its owner has chosen; what is
 * not accepted of its destination is our operator's.
 */
export function explainRefusal(error: unknown, now: Date, asked: 'run' | 'destination' = 'run'): unknown {
  if (!isReplicateError(error)) return error
  if (error.code === 'replicate.rate-limited') return waits(error, now)
  if (error.retryable) return error
  return new FinalError({
    code: error.code,
    message: sentenceFor(error, asked),
    facts: error.facts,
    cause: error,
  })
}

const rateLimitMs = 20_000

function waits(error: ReplicateError, now: Date): JobWaitsError {
  const toldAt = 'retryAt' in error ? error.retryAt : null
  const until = toldAt ?? new Date(now.getTime() + rateLimitMs)
  return new JobWaitsError({ code: error.code, message: error.message, until, facts: error.facts, cause: error })
}

function sentenceFor(error: ReplicateError, asked: 'run' | 'destination'): string {
  if (error.code !== 'replicate.refused') return sentences[error.code] ?? error.message
  return asked === 'run' ? refused(error) : forOperator
}

function refused({ facts }: ReplicateError): string {
  const fields = Array.isArray(facts.invalidFields) ? facts.invalidFields.map(String) : []
  const which = fields.length === 0 ? 'the options of this training' : `these options: ${fields.join(', ')}`
  return `The trainer does not accept ${which}. Change them and try again.`
}
