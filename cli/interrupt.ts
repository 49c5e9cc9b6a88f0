/** Ctrl-C: what was asked for goes on without us. */
export class Interrupted extends Error {}

/** Aborted at the first Ctrl-C; the second one ends the process as usual. */
export function untilInterrupted(): AbortSignal {
  const controller = new AbortController()
  process.once('SIGINT', () => {
    controller.abort(new Interrupted('Interrupted. What was asked for goes on; call again to see or continue it.'))
  })
  return controller.signal
}

/** Aborted at the first SIGTERM, which is how service managers stop what they started. */
export function untilTerminated(): { signal: AbortSignal; stop(): void } {
  const controller = new AbortController()
  const abort = () => controller.abort(new Interrupted('Stopped.'))
  process.once('SIGTERM', abort)
  return { signal: controller.signal, stop: () => process.off('SIGTERM', abort) }
}
