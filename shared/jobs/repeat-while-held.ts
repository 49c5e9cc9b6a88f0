import { CanceledError, LeaseLostError } from './job-errors.ts'

/**
 * Does something for a job again and again in the background until stopped: one at a time, `everyMs` apart. `onEnd` is called,
 * once, when the lease is somebody else's, when the work has become pointless, or when more than `failuresBorne` in a row failed.
 */
export function repeatWhileHeld(params: {
  work: () => Promise<void>
  everyMs: number
  failuresBorne: number
  onEnd: (error: unknown) => void
}): { stop(): Promise<void> } {
  const { work, everyMs, failuresBorne, onEnd } = params
  let pending: Promise<void> | null = null
  let failed = 0
  const workOnce = async () => {
    try {
      await work()
      failed = 0
    } catch (error) {
      failed += 1
      const over = error instanceof LeaseLostError || error instanceof CanceledError
      if (!over && failed <= failuresBorne) return
      clearInterval(timer)
      onEnd(error)
    } finally {
      pending = null
    }
  }
  const timer = setInterval(() => {
    pending ??= workOnce()
  }, everyMs)
  timer.unref()
  return {
    async stop() {
      clearInterval(timer)
      await pending
    },
  }
}
