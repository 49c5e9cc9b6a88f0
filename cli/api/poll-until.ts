import { errorCode, TransientError } from '#shared/errors/app-error.ts'
import { sleep as realSleep, type Sleep } from '#shared/retry/sleep.ts'
import type { ApiClient } from './api-client.ts'

/** What is followed takes minutes, and each question counts as one of the user's requests. */
const POLL_MS = 2_000
/** The API on this machine is asked for nothing. */
const LOCAL_POLL_MS = 250
/** So long a machine may be without its network, or an API be restarted: what is followed goes on meanwhile. */
const UNREACHABLE_MS = 2 * 60_000

export interface PollOptions<T> {
  isOver: (record: T) => boolean
  onChange: (record: T) => void
  signal: AbortSignal
  now?: () => number
  sleep?: Sleep
}

/**
 * Asks for something until it is over. Passing faults are outlived, and so is an API that nobody reaches, for two minutes.
 * @throws AppError, or the signal's reason.
 */
export async function pollUntil<T>(
  { isLocal }: Pick<ApiClient, 'isLocal'>,
  ask: () => Promise<T>,
  options: PollOptions<T>,
): Promise<T> {
  const { isOver, onChange, signal, now = () => performance.now(), sleep = realSleep } = options
  let reachedAtMs = now()
  for (;;) {
    const record = await ask().catch((error: unknown) => {
      const isUnreached = errorCode(error) === 'forge.nobody-there' && now() - reachedAtMs < UNREACHABLE_MS
      if (isUnreached || error instanceof TransientError) return null
      throw error
    })
    if (record !== null) {
      reachedAtMs = now()
      onChange(record)
      if (isOver(record)) return record
    }
    await sleep(isLocal ? LOCAL_POLL_MS : POLL_MS, signal)
  }
}
