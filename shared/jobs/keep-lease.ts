import { CanceledError, LeaseLostError } from './job-errors.ts'

/** A renewal may fail now and then; the lease lasts four of them. */
const failuresBorne = 2

/**
 * Renews a lease in the background until stopped. `onLost` is called, once, when the lease is
 * somebody else's, when the work has become pointless, or when it could not be renewed three times running.
 */
export function keepLease(
  renew: () => Promise<void>,
  everyMs: number,
  onLost: (error: unknown) => void,
): { stop(): Promise<void> } {
  let pending: Promise<void> | null = null
  let failed = 0
  const renewOnce = async () => {
    try {
      await renew()
      failed = 0
    } catch (error) {
      failed += 1
      const over = error instanceof LeaseLostError || error instanceof CanceledError
      if (!over && failed <= failuresBorne) return
      clearInterval(timer)
      onLost(error)
    } finally {
      pending = null
    }
  }
  const timer = setInterval(() => {
    pending ??= renewOnce()
  }, everyMs)
  timer.unref()
  return {
    async stop() {
      clearInterval(timer)
      await pending
    },
  }
}
