/** Ctrl-C: what was asked for goes on without us. */
export class Interrupted extends Error {}

/**
 * `npm run` passes a signal on that the terminal, or the service manager, has sent to the whole group: one wish arrives
 * twice. Only a later one is a second wish.
 */
const sameWishMs = 1_000

/** Aborted at the first Ctrl-C; the second one ends the process as usual. */
export function untilInterrupted(): AbortSignal {
  const sentence = 'Interrupted. What was asked for goes on; call again to see or continue it.'
  return untilSignal('SIGINT', { sentence, exitCode: 130 }).signal
}

/** Aborted at the first SIGTERM, which is how service managers stop what they started. */
export function untilTerminated(): { signal: AbortSignal; stop(): void } {
  return untilSignal('SIGTERM', { sentence: 'Stopped.', exitCode: 143 })
}

function untilSignal(name: 'SIGINT' | 'SIGTERM', options: { sentence: string; exitCode: number }) {
  const controller = new AbortController()
  let firstAtMs: number | null = null
  const onSignal = () => {
    firstAtMs ??= performance.now()
    if (!controller.signal.aborted) controller.abort(new Interrupted(options.sentence))
    else if (performance.now() - firstAtMs > sameWishMs) process.exit(options.exitCode)
  }
  process.on(name, onSignal)
  return { signal: controller.signal, stop: () => void process.off(name, onSignal) }
}
