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
