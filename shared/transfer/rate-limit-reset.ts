/** Beyond this the number is not a wait but something else. */
const MAX_RESET_SECONDS = 24 * 3600

/**
 * When `RateLimit: "api";r=0;t=55` (the IETF draft's header, as Hugging Face sends it) allows the next request, or null where
 * it does not say.
 */
export function rateLimitReset(headers: Readonly<Record<string, string>>, nowMs: number): Date | null {
  const seconds = Number(/[;,\s]t=(\d+)/.exec(` ${headers.ratelimit ?? ''}`)?.[1] ?? Number.NaN)
  if (!Number.isFinite(seconds) || seconds > MAX_RESET_SECONDS) return null
  return new Date(nowMs + seconds * 1000)
}
