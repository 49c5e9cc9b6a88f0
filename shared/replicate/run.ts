import * as z from 'zod'
import { type Prediction, predictionBody, readPrediction } from './prediction.ts'
import { readTime } from './time.ts'

/** A prediction or a training: one object with the same fields, in an answer, a list or a webhook (contract §3, §4). */
export interface Run extends Prediction {
  /** `owner/name` of what runs; for a training the trainer, not its destination, which is nowhere in the object. */
  model: string | null
  /** Need not be the version that was asked for, and can be `hidden`. */
  version: string | null
  /** As it was sent; empty once it is removed. Holds signed URLs: never for logs or documents. */
  input: Readonly<Record<string, unknown>>
  /** The end of what it has printed, for the operator; null where nothing is told. */
  logsTail: string | null
  createdAt: Date | null
  startedAt: Date | null
  completedAt: Date | null
  /** Where its webhooks go, as it was given at the creation; null where the object does not say. */
  webhookUrl: string | null
}

const text = z.string().nullish().catch(null)

/** Nothing but the id and the status is owed; see `predictionBody`. */
export const runSchema = predictionBody
  .extend({
    model: text,
    version: text,
    input: z.record(z.string(), z.unknown()).nullish().catch(null),
    logs: text,
    created_at: z.unknown().optional(),
    started_at: z.unknown().optional(),
    completed_at: z.unknown().optional(),
    webhook: text,
  })
  .transform(
    (body): Run => ({
      ...readPrediction(body),
      model: body.model ?? null,
      version: body.version ?? null,
      input: body.input ?? {},
      logsTail: tailOf(body.logs ?? ''),
      createdAt: readTime(body.created_at),
      startedAt: readTime(body.started_at),
      completedAt: readTime(body.completed_at),
      webhookUrl: body.webhook ?? null,
    }),
  )

/** A trace and some lines before it. */
const MAX_LOG_CHARACTERS = 4000

function tailOf(logs: string): string | null {
  // Not within a pair of surrogates: half a character is no text that a document could hold.
  return logs === '' ? null : logs.slice(-MAX_LOG_CHARACTERS).replace(/^[\udc00-\udfff]/, '')
}
