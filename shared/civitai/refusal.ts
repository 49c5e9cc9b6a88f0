import type { FinalError, TransientError } from '../errors/app-error.ts'
import type { Said } from './said.ts'

/** What a refusal was about, and what is known around it. */
export interface Circumstances {
  /** For sentences: `model 123`, `model version 456`. */
  subject: string
  /** Whether the request carried a token. */
  isSignedIn: boolean
  now: () => number
  random: () => number
}

/** A refusal with what its body says, ready to be named. */
export interface Refused {
  status: number
  said: Said
  /** Where the answer itself said when (Retry-After). */
  retryAt: Date | null
  /** Facts and cause of the error to come. */
  rest: { facts: Record<string, unknown>; cause: unknown }
  circumstances: Circumstances
}

export type CivitaiError = FinalError | TransientError
