/** Node fires a timer at once when its delay does not fit into 31 bits. */
const MAX_TIMER_MS = 2 ** 31 - 1

/** How everything that waits is given its waiting, so that tests can move the clock instead. */
export type Sleep = (ms: number, signal?: AbortSignal) => Promise<void>

/** Waits `ms` milliseconds. Throws the signal's reason as soon as it aborts. */
export async function sleep(ms: number, signal?: AbortSignal): Promise<void> {
  signal?.throwIfAborted()
  let leftMs = Math.max(0, ms)
  do {
    const stepMs = Math.min(leftMs, MAX_TIMER_MS)
    await waitOnce(stepMs, signal)
    leftMs -= stepMs
  } while (leftMs > 0)
}

function waitOnce(ms: number, signal: AbortSignal | undefined): Promise<void> {
  return new Promise((resolve, reject) => {
    const onAbort = (): void => {
      clearTimeout(timer)
      reject(signal?.reason)
    }
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', onAbort)
      resolve()
    }, ms)
    signal?.addEventListener('abort', onAbort, { once: true })
  })
}
