import type { ApiClient } from '../api/api-client.ts'
import { type PollOptions, pollUntil } from '../api/poll-until.ts'
import { type GenerationRecord, generationAnswer, isOver, type TrainingRecord, trainingAnswer } from '../api/records.ts'

type FollowOptions<T> = Omit<PollOptions<T>, 'isOver'>

/** Asks for a training until it is over. Passing faults are outlived. @throws AppError, or the signal's reason. */
export function followTraining(
  api: ApiClient,
  id: string,
  options: FollowOptions<TrainingRecord>,
): Promise<TrainingRecord> {
  const path = `/api/trainings/${encodeURIComponent(id)}`
  const ask = async () => (await api.get(path, trainingAnswer, options.signal)).training
  return pollUntil(api, ask, { ...options, isOver })
}

/** The same of a generation. */
export function followGeneration(
  api: ApiClient,
  id: string,
  options: FollowOptions<GenerationRecord>,
): Promise<GenerationRecord> {
  const path = `/api/generations/${encodeURIComponent(id)}`
  const ask = async () => (await api.get(path, generationAnswer, options.signal)).generation
  return pollUntil(api, ask, { ...options, isOver })
}
