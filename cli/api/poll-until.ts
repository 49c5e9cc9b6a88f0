import { TransientError } from '#shared/errors/app-error.ts'
import { sleep } from '#shared/retry/sleep.ts'
import type { ApiClient } from './api-client.ts'

/** What is followed takes minutes, and each question counts as one of the user's requests. */
const POLL_MS = 2_000
/** The API on this machine is asked for nothing. */
const LOCAL_POLL_MS = 250

export interface PollOptions<T> {
  isOver: (record: T) => boolean
  onChange: (record: T) => void
  signal: AbortSignal
}

/** Asks for something until it is over. Passing faults are outlived. @throws AppError, or the signal's reason. */
export async function pollUntil<T>(
  { isLocal }: Pick<ApiClient, 'isLocal'>,
  ask: () => Promise<T>,
  { isOver, onChange, signal }: PollOptions<T>,
): Promise<T> {
  for (;;) {
    const record = await ask().catch((error: unknown) => {
      if (error instanceof TransientError) return null
      throw error
    })
    if (record !== null) {
      onChange(record)
      if (isOver(record)) return record
    }
    await sleep(isLocal ? LOCAL_POLL_MS : POLL_MS, signal)
  }
}
