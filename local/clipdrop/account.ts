import { Refusal } from './refusal.ts'
import type { Credits } from './send-answer.ts'

/** The key that a local stack uses. */
export const LOCAL_CLIPDROP_KEY = 'local-clipdrop-key'

const MINUTE_MS = 60_000

/** Keys, credits and the rate of one account. */
export interface Account {
  /** Counts the request against the minute and checks its key and that there is credit. Throws 401, 402, 403 or 429. */
  admit(apiKey: string | undefined): void
  /** Takes the credit of a call that was carried out. */
  charge(): Credits
}

export function createAccount(options: {
  keys: readonly string[]
  credits: number
  /** `null`: no limit. */
  requestsPerMinute: number | null
  now: () => number
}): Account {
  const { keys, requestsPerMinute, now } = options
  let remaining = options.credits
  let recent: number[] = []

  return {
    admit(apiKey) {
      if (apiKey === undefined || apiKey === '') throw new Refusal(401, 'No api key provided')
      if (!keys.includes(apiKey)) throw new Refusal(403, 'Invalid api key')
      const nowMs = now()
      recent = recent.filter((atMs) => nowMs - atMs < MINUTE_MS)
      if (requestsPerMinute !== null && recent.length >= requestsPerMinute) throw new Refusal(429, 'Too many requests')
      recent.push(nowMs)
      if (remaining < 1) throw new Refusal(402, 'No remaining credits')
    },
    charge() {
      remaining -= 1
      return { consumed: 1, remaining }
    },
  }
}
