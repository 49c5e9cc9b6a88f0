import type { SecretSource } from './secret-source.ts'

interface CachedSecretInit {
  read: () => Promise<string>
  /** Age up to which a value is used without asking again. */
  ttlMs: number
  now: () => number
}

/** After a failed refresh the next try waits this long, so that an outage costs one call now and then, not one each. */
const RETRY_AFTER_FAILURE_MS = 10_000

/**
 * Keeps a secret for `ttlMs`. Concurrent callers share one read. When a refresh fails, the last good value goes on
 * being used: a key that was right a minute ago is better than an outage of the secret store becoming ours.
 */
export function cachedSecret(init: CachedSecretInit): SecretSource {
  let known: { value: string; freshUntil: number } | null = null
  let reading: Promise<string> | null = null

  const refresh = async (): Promise<string> => {
    try {
      const value = await init.read()
      known = { value, freshUntil: init.now() + init.ttlMs }
      return value
    } catch (error) {
      if (known === null) throw error
      known = { value: known.value, freshUntil: init.now() + RETRY_AFTER_FAILURE_MS }
      return known.value
    } finally {
      reading = null
    }
  }

  return {
    get: async () => {
      if (known !== null && init.now() < known.freshUntil) return known.value
      reading ??= refresh()
      return reading
    },
  }
}
