import type { HttpClientOptions } from '#shared/http/client.ts'
import { createRateLimiter, type RateRule } from '#shared/http/rate-limiter.ts'
import type { Sleep } from '#shared/retry/sleep.ts'

/** A longer rest that a host has asked for is the job's, which can ask another provider, or let go of its request meanwhile. */
const patienceMs = 30_000

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
  return protocol === 'https:' ? { limiter: createRateLimiter({ rules: { [host]: rule }, patienceMs, ...time }) } : {}
}
