import { isDeepStrictEqual } from 'node:util'
import type { Firestore } from '@google-cloud/firestore'
import { reading } from '#shared/documents/reading.ts'
import type { Training, TrainingOptions, TrainingType } from '#shared/documents/trainings.ts'
import { jobRef, toJobRecord } from '#shared/jobs/job-record.ts'
import { trainingStartInputSchema } from '#shared/trainings/training-jobs.ts'

/** A training as it is asked for. */
export interface TrainingWish {
  name: string
  type: TrainingType
  options: TrainingOptions
  /** Object names of uploads, or the URL of a ZIP. */
  source: { kind: 'uploads'; names: readonly string[] } | { kind: 'zip'; url: string }
  /** Train even if the same input was trained within a day. */
  force: boolean
  idempotencyKey: string | null
}

/**
 * Whether a training came of the same request. Its photos are in its job's record; once that is past (30 days), name, type and
 * options have to be enough.
 */
export async function cameOf(db: Firestore, training: Training, wish: TrainingWish): Promise<boolean> {
  const { name, type, options } = training
  const isAlike = name === wish.name && type === wish.type && isDeepStrictEqual(options, wish.options)
  if (!isAlike) return false
  const job = toJobRecord(await reading(jobRef(db, training.jobId).get()))
  const input = trainingStartInputSchema.safeParse(job?.input)
  if (!input.success) return true
  const { source, force } = input.data
  const asked =
    source.kind === 'zip'
      ? { kind: source.kind, url: source.url }
      : { kind: source.kind, names: source.photos.map((photo) => photo.name) }
  return force === wish.force && isDeepStrictEqual(asked, wish.source)
}
