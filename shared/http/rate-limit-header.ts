/** Windows are minutes long; beyond this the number is not a wait but something else. */
const MAX_RESET_SECONDS = 24 * 3600

/**
 * When a `RateLimit` header (`"api";r=0;t=55`, draft-ietf-httpapi-ratelimit-headers) allows the next request: the end of the last
 * window in which nothing is left. Null where it is missing or nonsense, and where something is left: then another limiter has
 * answered, and the window's end says nothing of it.
 */
export function parseRateLimit(value: string | undefined, nowMs: number): Date | null {
  let resetSeconds: number | null = null
  for (const [, parameters = ''] of (value ?? '').matchAll(/"[^"]*"([^,"]*)/g)) {
    const seconds = numberOf(parameters, 't')
    if (numberOf(parameters, 'r') !== 0 || seconds === null || seconds > MAX_RESET_SECONDS) continue
    resetSeconds = Math.max(resetSeconds ?? 0, seconds)
  }
  return resetSeconds === null ? null : new Date(nowMs + resetSeconds * 1000)
}

function numberOf(parameters: string, name: string): number | null {
  const pair = parameters.split(';').find((one) => one.trim().startsWith(`${name}=`))
  const digits = pair?.trim().slice(name.length + 1)
  return digits !== undefined && /^\d+$/.test(digits) ? Number(digits) : null
}
