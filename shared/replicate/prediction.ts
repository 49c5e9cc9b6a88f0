import * as z from 'zod'

/** American spelling, one l; older type lists lack `aborted` (contract §3). */
const PREDICTION_STATUSES = ['starting', 'processing', 'succeeded', 'failed', 'canceled', 'aborted'] as const

export type PredictionStatus = (typeof PREDICTION_STATUSES)[number]

/** What is known of one run of a model. */
export interface Prediction {
  id: string
  /** `unknown` for a status that did not exist when this was written: the run may still go on. */
  status: PredictionStatus | 'unknown'
  /** Whatever the model gave: a string, an array, an object; null while there is nothing. */
  output: unknown
  /** Its own words where it failed. For the operator, not for the user. */
  error: string | null
  /** Seconds of computing, which is what most models are billed by; null where it does not say. */
  predictSeconds: number | null
  /** Input, output and files are removed an hour after the end. */
  isDataRemoved: boolean
}

/**
 * As lenient as the recorded answers ask for: fields are absent, null or odd, and nothing but the id and the status is worth
 * losing a paid run for.
 */
export const predictionBody = z.object({
  id: z.string().min(1),
  status: z.string(),
  output: z.unknown().optional(),
  error: z.unknown().optional(),
  metrics: z
    .object({ predict_time: z.number().nonnegative().nullish().catch(null) })
    .nullish()
    .catch(null),
  data_removed: z.boolean().nullish().catch(null),
})

export const predictionSchema = predictionBody.transform(readPrediction)

/** A body's part that every run has. */
export function readPrediction(body: z.output<typeof predictionBody>): Prediction {
  return {
    id: body.id,
    status: PREDICTION_STATUSES.find((known) => known === body.status) ?? 'unknown',
    output: body.output ?? null,
    error: errorText(body.error),
    predictSeconds: body.metrics?.predict_time ?? null,
    isDataRemoved: body.data_removed ?? false,
  }
}

/** Whether nothing will change any more. A status that we don't know is not taken for an end. */
export function isTerminal({ status }: Pick<Prediction, 'status'>): boolean {
  switch (status) {
    case 'succeeded':
    case 'failed':
    case 'canceled':
    case 'aborted':
      return true
    case 'starting':
    case 'processing':
    case 'unknown':
      return false
    default:
      return status satisfies never
  }
}

const MAX_ERROR_CHARACTERS = 500

function errorText(error: unknown): string | null {
  if (error === null || error === undefined || error === '') return null
  const text = typeof error === 'string' ? error : JSON.stringify(error)
  // Half a character, as a cut leaves it, is no text that a document could hold.
  return text.slice(0, MAX_ERROR_CHARACTERS).toWellFormed()
}
