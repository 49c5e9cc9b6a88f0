import { Refusal } from './refusal.ts'

/** The token that a local stack uses. */
export const LOCAL_REPLICATE_TOKEN = 'r8_local-replicate-token'

/** The account that the token is of: the owner of its models. */
export const LOCAL_REPLICATE_OWNER = 'charaforge-local'

/** What a local stack's webhooks are signed with. */
export const LOCAL_WEBHOOK_SECRET = `whsec_${Buffer.from('local webhook secret 001').toString('base64')}`

const MINUTE_MS = 60_000

/** Tokens, credit and rates of one account. */
export interface Account {
  /** Throws 401. */
  authenticate(authorization: string | undefined): void
  /** Takes the credit of one run. Throws 402 or 429. */
  startRun(): void
}

export function createAccount(options: {
  tokens: readonly string[]
  /** How many runs may still be started. */
  credit: number
  /** `null`: no limit. */
  runsPerMinute: number | null
  now: () => number
}): Account {
  const { tokens, runsPerMinute, now } = options
  let remaining = options.credit
  let recent: number[] = []
  return {
    authenticate(authorization) {
      // "Token" is what old clients say.
      const token = /^(?:Bearer|Token) (.+)$/.exec(authorization ?? '')?.[1]
      if (token !== undefined && tokens.includes(token)) return
      throw new Refusal(401, 'You did not pass a valid authentication token', { title: 'Unauthenticated' })
    },
    startRun() {
      const nowMs = now()
      recent = recent.filter((atMs) => nowMs - atMs < MINUTE_MS)
      if (runsPerMinute !== null && recent.length >= runsPerMinute) {
        const resetS = Math.ceil((MINUTE_MS - (nowMs - (recent[0] ?? nowMs))) / 1000)
        throw new Refusal(429, `Request was throttled. Your rate limit resets in ~${resetS}s.`)
      }
      if (remaining < 1) {
        const detail =
          'You have insufficient credit to run this model. Go to https://replicate.com/account/billing#billing to purchase credit. Once you purchase credit, please wait a few minutes before trying again.'
        throw new Refusal(402, detail, { title: 'Insufficient credit' })
      }
      remaining -= 1
      recent.push(nowMs)
    },
  }
}
