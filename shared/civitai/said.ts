import * as z from 'zod'
import type { HttpAnswer } from '../http/http-error.ts'
import { jsonOrNull } from '../http/json-or-null.ts'

/** Any of the shapes that refusals have come in (contract §7); `error` may be an object. */
const bodySchema = z.object({
  error: z.unknown().optional(),
  message: z.string().optional().catch(undefined),
  deadline: z.string().optional().catch(undefined),
})

/** What a refusal says. */
export interface Said {
  /** Error and message in one, cut short; null where the body is no JSON of theirs. */
  text: string | null
  /** The end of early access, where the body names it. */
  deadline: Date | null
  /** A page of something in front of the service. */
  isHtml: boolean
}

const MAX_SAID_CHARACTERS = 300

/** Reads the body of a refusal, or of an answer whose JSON was not what was asked for. */
export function readSaid({ headers, bodyText }: Pick<HttpAnswer, 'headers' | 'bodyText'>): Said {
  const isHtml = (headers['content-type'] ?? '').includes('text/html') || /^\s*<(?:!doctype|html)/i.test(bodyText)
  const parsed = bodySchema.safeParse(jsonOrNull(bodyText))
  if (!parsed.success) return { text: null, deadline: null, isHtml }
  const { error, message, deadline } = parsed.data
  const words = [typeof error === 'string' ? error : null, message ?? null].filter((part) => part !== null)
  return {
    text: words.length === 0 ? null : words.join(': ').slice(0, MAX_SAID_CHARACTERS),
    deadline: dateOf(deadline),
    isHtml,
  }
}

function dateOf(text: string | undefined): Date | null {
  const date = new Date(text ?? Number.NaN)
  return Number.isNaN(date.getTime()) ? null : date
}
