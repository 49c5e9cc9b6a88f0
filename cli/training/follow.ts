import { TransientError } from '#shared/errors/app-error.ts'
import { sleep } from '#shared/retry/sleep.ts'
import type { ApiClient } from '../api/api-client.ts'
import { type GenerationRecord, generationAnswer, isOver, type TrainingRecord, trainingAnswer } from '../api/records.ts'

/** A training takes half an hour, and each question counts as one of the user's requests. */
const POLL_MS = 2_000
/** The API on this machine is asked for nothing. */
const LOCAL_POLL_MS = 250

export interface FollowOptions<T> {
  signal: AbortSignal
  onChange: (record: T) => void
}

/** Asks for a training until it is over. Passing faults are outlived. @throws AppError, or the signal's reason. */
export function followTraining(
  api: ApiClient,
  id: string,
  options: FollowOptions<TrainingRecord>,
): Promise<TrainingRecord> {
  const path = `/api/trainings/${encodeURIComponent(id)}`
  return follow(api, async () => (await api.get(path, trainingAnswer, options.signal)).training, options)
}

/** The same of a generation. */
export function followGeneration(
  api: ApiClient,
  id: string,
  options: FollowOptions<GenerationRecord>,
): Promise<GenerationRecord> {
  const path = `/api/generations/${encodeURIComponent(id)}`
  return follow(api, async () => (await api.get(path, generationAnswer, options.signal)).generation, options)
}

async function follow<T extends { status: string }>(
  { isLocal }: ApiClient,
  ask: () => Promise<T>,
  { signal, onChange }: FollowOptions<T>,
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
