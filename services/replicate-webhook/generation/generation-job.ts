import type { Firestore } from '@google-cloud/firestore'
import { type GeneratedImage, type Generation, readGeneration } from '#shared/documents/generations.ts'
import { creationStep, outcomeStep } from '#shared/generations/picture-steps.ts'
import { limitConcurrency } from '#shared/jobs/concurrency.ts'
import type { JobDefinition } from '#shared/jobs/definition.ts'
import { isTerminal, type JobRecord, jobId, jobRef, toJobRecord } from '#shared/jobs/job-record.ts'
import type { JobRequests } from '#shared/jobs/job-requests.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import type { ObjectStore } from '#shared/objects/object-store.ts'
import { removeBelow } from '#shared/objects/remove-below.ts'
import {
  type GenerationInput,
  generationInputSchema,
  generationNames,
  trainingFinishNames,
} from '#shared/trainings/training-jobs.ts'
import { generationPrefix } from '#shared/trainings/training-places.ts'
import { reasonToStop } from './current-generation.ts'
import { endGeneration } from './end-generation.ts'
import type { GenerationNote } from './generation-note.ts'
import type { PictureOutcome } from './picture.ts'

/** Each holds one picture in memory (up to 16 MiB, and as much again on its way); the service takes 80 requests at once. */
const MOST_AT_ONCE = 8

export interface GenerationJobParts {
  db: Firestore
  store: ObjectStore
  /** The app's. */
  bucket: string
  jobs: Pick<JobRequests, 'wake'>
  /** From the claim to the pictures. */
  work(run: JobRun<GenerationInput>): Promise<void>
}

/** The generation job: what `shared/jobs` needs to know of it. */
export function generationJob(parts: GenerationJobParts): JobDefinition<GenerationInput> {
  const { db } = parts
  const definition: JobDefinition<GenerationInput> = {
    ...generationNames,
    parseInput: (stored) => generationInputSchema.parse(stored),
    async admit({ input, transaction }) {
      const generation = await readGeneration(transaction, db, input.generationId)
      const reason = reasonToStop(generation)
      if (reason !== null) return { kind: 'end', state: 'canceled', ...reason }
      const note: GenerationNote = { count: generation?.prompts.length ?? 0 }
      return { kind: 'run', note, slot: null }
    },
    run: parts.work,
    async failed({ input, transaction, job, failure }) {
      const generation = await readGeneration(transaction, db, input.generationId)
      if (generation === null || reasonToStop(generation) !== null) return () => {}
      const { code, message, at } = failure
      // What was made is there and stays; it is all that is counted.
      const images = imagesMade(generation, job)
      const end = {
        status: 'failed',
        images,
        failedRuns: runsCreated(generation, job) - images.length,
        error: { code, message },
        finishedAt: at,
      } as const
      return await endGeneration(transaction, db, { generation, end })
    },
    cleanUp: ({ input }) => cleanUpGeneration(parts, input),
  }
  return limitConcurrency(definition, MOST_AT_ONCE)
}

function runsCreated({ prompts }: Generation, { steps }: JobRecord): number {
  return prompts.filter((_, index) => steps[creationStep({ index })] !== undefined).length
}

/** Of the books of the job, which may be ahead of the document. */
function imagesMade({ prompts }: Generation, job: JobRecord): GeneratedImage[] {
  return prompts.flatMap((_, index) => {
    // Only the work of this job stored it.
    const outcome = job.steps[outcomeStep({ index })]?.result as PictureOutcome | undefined
    return outcome?.kind === 'made' ? outcome.image : []
  })
}

/**
 * Wakes the training that waits for its samples, and removes the pictures of a generation that is gone, or was canceled with its
 * training. May be repeated.
 */
async function cleanUpGeneration(parts: GenerationJobParts, input: GenerationInput): Promise<void> {
  const { db, store, bucket } = parts
  const generation = await readGeneration(null, db, input.generationId)
  if (generation === null || generation.status === 'canceled') {
    const prefix = generationPrefix({ userId: input.userId, id: input.generationId })
    await removeBelow(store, { bucket, prefix })
  }
  if (generation !== null && generation.trainingId !== null) await wakeTraining(parts, generation.trainingId)
}

async function wakeTraining({ db, jobs }: GenerationJobParts, trainingId: string): Promise<void> {
  const id = jobId(trainingFinishNames.key({ trainingId }))
  const job = toJobRecord(await jobRef(db, id).get())
  if (job !== null && !isTerminal(job.state)) await jobs.wake({ id, fence: job.fence })
}
