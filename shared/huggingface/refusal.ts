import * as z from 'zod'
import { startsHtmlPage } from '../formats/sniff-text.ts'
import type { HttpAnswer } from '../http/http-error.ts'
import { jsonOrNull } from '../http/json-or-null.ts'

/** What the Hub itself says of a refusal (contract §5). */
export interface HubRefusal {
  /** `X-Error-Code`: decides before the status does. Null where there is none. */
  code: string | null
  /** Its own words, cut short; null where there are none, or a page in place of them. */
  said: string | null
  /** Not the Hub's own answer but something's in front of it: an HTML page. */
  isPage: boolean
}

const bodySchema = z.object({ error: z.string() })

const MAX_SAID_CHARACTERS = 300

/** Reads headers and body of a refusal; any of it may be missing, and the body may be HTML. */
export function readRefusal({ headers, bodyText }: Pick<HttpAnswer, 'headers' | 'bodyText'>): HubRefusal {
  const body = bodySchema.safeParse(jsonOrNull(bodyText))
  const said = (headers['x-error-message'] ?? (body.success ? body.data.error : '')).trim()
  return {
    code: headers['x-error-code']?.trim() || null,
    said: said === '' ? null : said.slice(0, MAX_SAID_CHARACTERS),
    isPage: /^\s*text\/html\b/i.test(headers['content-type'] ?? '') || startsHtmlPage(Buffer.from(bodyText)),
  }
}
