import type { Transaction } from '@google-cloud/firestore'
import type { Writes } from '#shared/documents/transaction.ts'
import { AppError } from '#shared/errors/app-error.ts'
import type { AnyJobDefinition } from './definition.ts'
import type { JobFailure, JobRecord } from './job-record.ts'

/** One way to write the end of a job. */
export interface EndForm {
  /** How much is told where people look: all of it, no more than that it is over, or nothing. */
  telling: 'all' | 'status' | 'nothing'
  /** Without what its steps stored. */
  isBare: boolean
  /** What was said to the first form; null in that one. */
  refusal: AppError | null
}

/**
 * From the right one to the one that asks for least: first a document that people look at has no room (the app's may lie at
 * Firestore's limit), or the job's own record has none, or both.
 */
const forms = [
  { telling: 'all', isBare: false },
  { telling: 'status', isBare: false },
  { telling: 'all', isBare: true },
  { telling: 'nothing', isBare: false },
  { telling: 'nothing', isBare: true },
] as const satisfies Omit<EndForm, 'refusal'>[]

/**
 * Writes in the first form that is not refused for good. An end that nobody can write would be tried for ever: by every
 * redelivery and every reconciler, with its paid calls, while the document says that somebody is at work.
 * @throws what may pass, at once; the first refusal where `write` throws it again, or every form was refused.
 */
export async function writeSomehow<T>(
  write: (form: EndForm) => Promise<T>,
): Promise<{ written: T; refusal: AppError | null }> {
  let refusal: AppError | null = null
  for (const form of forms) {
    try {
      return { written: await write({ ...form, refusal }), refusal }
    } catch (error) {
      if (!(error instanceof AppError) || error.retryable || error === refusal) throw error
      refusal ??= error
    }
  }
  throw refusal
}

/** What of a failure is told in this form. Reads first. */
export async function tellFailure(
  definition: AnyJobDefinition,
  context: { input: unknown; transaction: Transaction; job: JobRecord; failure: JobFailure },
  { telling }: EndForm,
): Promise<Writes> {
  return telling === 'nothing' ? () => {} : await definition.failed({ ...context, isBrief: telling === 'status' })
}

/** The record of a job that is over, as this form keeps it. */
export function recordIn({ telling, isBare }: EndForm, ended: JobRecord): JobRecord {
  const { state, failure, claims } = ended
  const isUntold = state === 'failed' && failure !== null && telling !== 'all'
  return {
    ...ended,
    ...(isUntold ? { failure: { ...failure, told: telling } } : {}),
    // What a claim has stored had room, and is not asked for again where an operator has the job go on.
    ...(isBare ? { admission: claims > 0 ? ended.admission : null, progress: null, steps: {} } : {}),
  }
}
