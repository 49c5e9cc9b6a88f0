import type { HttpClientOptions } from '#shared/http/client.ts'
import { createRateLimiter, type RateRule } from '#shared/http/rate-limiter.ts'
import type { Sleep } from '#shared/retry/sleep.ts'

/**
 * The limiter for a provider's own host, to be spread into a client's options. None for a stand-in at http: it has no limit to
 * keep to, and tests would wait for nothing.
 */
export function keepToRate(
  baseUrl: string,
  rule: RateRule,
  time: { now?: () => number; sleep?: Sleep } = {},
): Pick<HttpClientOptions, 'limiter'> {
  const { host, protocol } = new URL(baseUrl)
  return protocol === 'https:' ? { limiter: createRateLimiter({ rules: { [host]: rule }, ...time }) } : {}
}
