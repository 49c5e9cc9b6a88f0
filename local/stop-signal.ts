/** Under npm one Ctrl-C may come twice: from the terminal, and handed on by npm itself. */
const SAME_KEY_MS = 500

/**
 * Aborted by Ctrl-C, SIGTERM or the end of the terminal, with the sentence `reason`. Who asks again does not wait for what is
 * still being closed: that ends the process at once.
 */
export function stopSignal(reason: string): AbortSignal {
  const stop = new AbortController()
  let sinceMs = 0
  const onSignal = () => {
    if (!stop.signal.aborted) {
      sinceMs = performance.now()
      stop.abort(new Error(reason))
    } else if (performance.now() - sinceMs > SAME_KEY_MS) process.exit(130)
  }
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(name, onSignal)
  return stop.signal
}

/** Resolves when the signal aborts. */
export function aborted(signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    if (signal.aborted) resolve()
    else signal.addEventListener('abort', () => resolve(), { once: true })
  })
}
