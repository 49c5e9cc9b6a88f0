/** Beyond this a `Retry-After` is taken for a mistake (a date in the wrong year, seconds that are milliseconds). */
const MAX_RETRY_AFTER_MS = 7 * 24 * 3600 * 1000

/**
 * When a `Retry-After` header allows the next try (RFC 9110 §10.2.3: whole seconds or an HTTP date), or `null` where it is
 * missing or nonsense. A date in the past means now.
 */
export function parseRetryAfter(value: string | undefined, nowMs: number): Date | null {
  const text = value?.trim() ?? ''
  const atMs = /^\d+$/.test(text) ? nowMs + Number(text) * 1000 : parseHttpDate(text)
  if (Number.isNaN(atMs) || atMs - nowMs > MAX_RETRY_AFTER_MS) return null
  return new Date(Math.max(atMs, nowMs))
}

/** `Date.parse` also takes "3" or "soon 1"; an HTTP date always names its day of the week first (RFC 9110 §5.6.7). */
function parseHttpDate(text: string): number {
  return /^(mon|tue|wed|thu|fri|sat|sun)/i.test(text) ? Date.parse(text) : Number.NaN
}
