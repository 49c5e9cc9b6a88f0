import * as z from 'zod'
import { jsonOrNull } from '../http/json-or-null.ts'

/** `application/problem+json` as Replicate writes it: any part may be missing (contract §1). */
const problemSchema = z.object({
  title: z.string().optional().catch(undefined),
  detail: z.string().optional().catch(undefined),
  retry_after: z.number().nonnegative().optional().catch(undefined),
  invalid_fields: z
    .array(z.object({ field: z.string(), description: z.string().optional().catch(undefined) }))
    .optional()
    .catch(undefined),
})

/** What a refusal says, for the operator. */
export interface Problem {
  /** Its own words, cut short; null where the body is no problem document (a gateway's page). */
  said: string | null
  /** Names of the inputs that were not accepted. */
  invalidFields: readonly string[]
  /** When it takes requests again, where the body says so. */
  retryAfterMs: number | null
}

const MAX_SAID_CHARACTERS = 300
/** Limits reset within the minute; a longer wait is a mistake, and would end a job that a later try could have done. */
const MAX_RETRY_AFTER_SECONDS = 3600

/** Reads the body of a refusal. */
export function readProblem(bodyText: string): Problem {
  const parsed = problemSchema.safeParse(jsonOrNull(bodyText))
  if (!parsed.success) return { said: null, invalidFields: [], retryAfterMs: null }
  const { title, detail, retry_after, invalid_fields } = parsed.data
  const said = (detail ?? title)?.trim().slice(0, MAX_SAID_CHARACTERS) ?? null
  const seconds = retry_after ?? secondsInWords(detail ?? '')
  return {
    said,
    invalidFields: invalid_fields?.map(({ field }) => field) ?? [],
    retryAfterMs: seconds === null || seconds > MAX_RETRY_AFTER_SECONDS ? null : seconds * 1000,
  }
}

/** "Your rate limit resets in ~30s.": older answers say it in words only (contract §1). */
function secondsInWords(detail: string): number | null {
  const seconds = /resets in ~?(\d+(?:\.\d+)?)\s?s\b/.exec(detail)?.[1]
  return seconds === undefined ? null : Number(seconds)
}
