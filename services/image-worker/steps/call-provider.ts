import { AppError, errorCode, FinalError, TransientError } from '#shared/errors/app-error.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import type { ImageInput } from '../image-input.ts'
import type { ProviderAnswer, ProviderCall, ProviderImage } from '../providers/provider.ts'
import { wasAnswered } from '../providers/provider-error.ts'

/** One provider of one step, with its picture already bound. */
export interface ProviderChoice {
  name: string
  paid: boolean
  call(call: ProviderCall): Promise<ProviderAnswer>
}

/** A call whose answer is lost may have been paid; it may be made once more, never a third time. */
const lostCallsBorne = 1
/** Passing faults are waited out this often before a later, perhaps lesser, provider takes over. */
const patience = 2
/** Nor is a provider waited for that names a later hour, while another one could do it now: somebody looks at a spinner. */
const longestWaitMs = 10 * 60_000

/**
 * Asks the providers of a step in their order. A passing fault of one ends the attempt, so that the job tries it again;
 * when it keeps failing, has no credit, refuses, or wants to be left alone for long, the next one is asked.
 * @throws the last provider's failure when none is left.
 */
export async function callProvider(
  run: JobRun<ImageInput>,
  step: string,
  choices: readonly ProviderChoice[],
  now: () => number = Date.now,
): Promise<{ image: ProviderImage; by: string }> {
  const call: ProviderCall = { signal: run.signal, jobId: run.id }
  let failure: AppError | null = null
  for (const choice of choices) {
    const lost = run.lostCalls(step, choice.name)
    if (choice.paid && lost > lostCallsBorne) {
      failure ??= answerLost(choice.name, lost)
      continue
    }
    try {
      const answer = choice.paid ? await callPaid(run, step, choice, call) : await choice.call(call)
      return { image: answer.image, by: choice.name }
    } catch (error) {
      run.signal.throwIfAborted()
      if (!(error instanceof AppError)) throw error
      const isLast = choice === choices.at(-1)
      const isPassing = error.retryable && run.failures < patience && run.lostCalls(step, choice.name) <= lostCallsBorne
      const retryAt = error instanceof TransientError ? error.retryAt : null
      const isSoon = retryAt === null || retryAt.getTime() - now() <= longestWaitMs
      if (isLast || (isPassing && isSoon)) throw error
      run.logger.warn(`${choice.name} could not do ${step}; the next provider is asked.`, {
        code: errorCode(error),
        error,
      })
      failure = error
    }
  }
  throw failure ?? new FinalError({ code: 'image.no-provider', message: `No provider is configured for ${step}.` })
}

async function callPaid(run: JobRun<ImageInput>, step: string, choice: ProviderChoice, call: ProviderCall) {
  return await run.paidCall({
    step,
    provider: choice.name,
    call: () => choice.call(call),
    wasAnswered,
    creditsOf: (answer) => answer.credits,
  })
}

function answerLost(provider: string, times: number): AppError {
  return new FinalError({
    code: 'image.answer-lost',
    message: `The answers of ${provider} were lost ${times} times; it is not paid again for this picture.`,
    facts: { provider, times },
  })
}
