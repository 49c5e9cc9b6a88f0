/** What a `RateLimit` header says of the bucket that answered. */
export interface RateLimit {
  /** Requests left in this window. */
  remaining: number
  /** Seconds until the window ends. */
  resetSeconds: number
}

/** Windows are five minutes long (contract §6); more than a day is a mistake. */
const MAX_RESET_SECONDS = 24 * 3600

/** Reads `"resolvers";r=2999;t=51` (contract §6); null where the header is missing or nonsense. */
export function parseRateLimit(value: string | undefined): RateLimit | null {
  const match = /^\s*"[^"]*"\s*;\s*r\s*=\s*(\d+)\s*;\s*t\s*=\s*(\d+)\s*$/.exec(value ?? '')
  if (match === null) return null
  const [remaining, resetSeconds] = [Number(match[1]), Number(match[2])]
  return resetSeconds > MAX_RESET_SECONDS ? null : { remaining, resetSeconds }
}
