import { TransientError } from '../../errors/app-error.ts'

/** Aborts with `search.too-slow`, or with the caller's reason. */
export function createDeadline(ms: number, signal?: AbortSignal): { signal: AbortSignal; end(): void } {
  const controller = new AbortController()
  const timer = setTimeout(() => {
    const message = `The source has not answered within ${ms} ms; the next page asks it again.`
    controller.abort(new TransientError({ code: 'search.too-slow', message }))
  }, ms)
  const onAbort = (): void => controller.abort(signal?.reason)
  signal?.addEventListener('abort', onAbort, { once: true })
  return {
    signal: controller.signal,
    end() {
      clearTimeout(timer)
      signal?.removeEventListener('abort', onAbort)
      // What still runs, runs for nobody.
      controller.abort(new TransientError({ code: 'search.over', message: 'The search is over.' }))
    },
  }
}
