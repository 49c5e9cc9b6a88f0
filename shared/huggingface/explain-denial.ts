import { FinalError } from '../errors/app-error.ts'
import { BAD_TOKEN, gatedSentence, type Subject } from './sentences.ts'

/**
 * A 401 with a token says neither that the token is bad nor that a licence was not accepted (contract §5): asks who we are to
 * tell the two apart. Everything else is returned as it is.
 */
export async function explainDenial(
  error: unknown,
  { subject, isTokenAccepted }: { subject: Subject; isTokenAccepted: () => Promise<boolean | null> },
): Promise<unknown> {
  if (!(error instanceof FinalError) || error.facts.status !== 401 || error.facts.hasToken !== true) return error
  if (error.code !== 'huggingface.gated' && error.code !== 'huggingface.not-found') return error
  const isAccepted = await isTokenAccepted()
  const { facts } = error
  if (isAccepted === false) {
    return new FinalError({ code: 'huggingface.bad-token', message: BAD_TOKEN, facts, cause: error })
  }
  if (isAccepted === null || error.code === 'huggingface.not-found') return error
  return new FinalError({ code: error.code, message: gatedSentence(subject, 'no-access'), facts, cause: error })
}
