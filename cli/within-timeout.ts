import { TransientError } from '#shared/errors/app-error.ts'

/**
 * Follows something to its end, for so long only; what is followed goes on by itself.
 * @throws TransientError `forge.timeout` when it takes longer than `timeoutMs`; the signal's reason when aborted.
 */
export async function withinTimeout<T>(
  params: {
    /** What is followed, as its user names it. */
    subject: string
    timeoutMs: number
    signal: AbortSignal
    /** What becomes of it afterwards, and how it is seen. */
    afterwards?: string
  },
  follow: (signal: AbortSignal) => Promise<T>,
): Promise<T> {
  const { subject, timeoutMs, signal, afterwards = callAgain } = params
  const timeout = new AbortController()
  const timer = setTimeout(() => {
    const message = `${subject} was not finished within ${timeoutMs / 1000} s. ${afterwards}`
    timeout.abort(new TransientError({ code: 'forge.timeout', message }))
  }, timeoutMs)
  try {
    return await follow(AbortSignal.any([signal, timeout.signal]))
  } finally {
    clearTimeout(timer)
  }
}

const callAgain = 'Its job goes on, or waits for a worker; call again to follow it.'
