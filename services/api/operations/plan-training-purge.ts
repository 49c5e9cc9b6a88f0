import type { Firestore } from '@google-cloud/firestore'
import { type Generation, isGenerationOver } from '#shared/documents/generations.ts'
import { readTrainedModel, type TrainedModel } from '#shared/documents/trained-models.ts'
import { isTrainingOver, readTraining, type Training } from '#shared/documents/trainings.ts'
import type { JobRecord } from '#shared/jobs/job-record.ts'
import { readableInput } from '#shared/jobs/readable-input.ts'
import { jobsOfSubject } from '#shared/jobs/subject-jobs.ts'
import type { ObjectFacts } from '#shared/objects/object-store.ts'
import { trainingStartInputSchema, trainingStartNames } from '#shared/trainings/training-jobs.ts'
import { mailId } from '#shared/trainings/training-mail.ts'
import { generationPrefix, trainingZipName, weightsName } from '#shared/trainings/training-places.ts'
import { listed, type PurgeDeps } from './purge-places.ts'

/** What a purge of a training would remove. */
export interface TrainingPurgePlan {
  trainingId: string
  /** Null where nothing is left that says whose it was. */
  userId: string | null
  /** It goes on: it would be canceled first. */
  isLive: boolean
  hasDocument: boolean
  hasModel: boolean
  uploads: ObjectFacts[]
  zips: ObjectFacts[]
  weights: ObjectFacts[]
  pictures: ObjectFacts[]
  temporaries: ObjectFacts[]
  generationIds: string[]
  jobIds: string[]
  /** Paths of `mail/…` and `replicate_runs/…`. */
  documents: string[]
  /** What its owner gets back: as it was counted, which need not be what lies there. */
  storedBytes: number
}

/** Finds all that was made of a training, and of the model that came of it. */
export async function planTrainingPurge(deps: PurgeDeps, trainingId: string): Promise<TrainingPurgePlan> {
  const { db, store, workBucket, modelsBucket, bucket } = deps
  const training = await readTraining(null, db, trainingId)
  const model = await readTrainedModel(null, db, trainingId)
  const jobs = await jobsOfSubject(db, `trainings/${trainingId}`)
  const generations = await generationsOf(db, trainingId)
  for (const { id } of generations) jobs.push(...(await jobsOfSubject(db, `generations/${id}`)))
  const userId = training?.userId ?? model?.userId ?? ownerOf(jobs)
  const plan: TrainingPurgePlan = {
    trainingId,
    userId,
    isLive: training !== null && !isTrainingOver(training),
    hasDocument: training !== null,
    hasModel: model !== null,
    uploads: [],
    zips: [],
    weights: [],
    pictures: [],
    temporaries: [],
    generationIds: generations.map(({ id }) => id),
    jobIds: jobs.map(({ id }) => id),
    documents: await documentsOf(deps, trainingId, generations),
    storedBytes: countedModelBytes(training, model) + countedBytes(generations),
  }
  for (const id of plan.jobIds) {
    for (const place of [workBucket, modelsBucket]) {
      plan.temporaries.push(...(await listed(store, place, { prefix: `work/${id}/`, depth: 1 })))
    }
  }
  if (userId === null) return plan
  plan.uploads = await uploadsOf(deps, jobs)
  plan.zips = await existing(deps, workBucket, trainingZipName({ userId, id: trainingId }))
  plan.weights = await existing(deps, modelsBucket, weightsName({ userId, id: trainingId }))
  for (const id of plan.generationIds) {
    const below = { prefix: generationPrefix({ userId, id }), depth: 1 }
    plan.pictures.push(...(await listed(store, bucket, below)))
  }
  return plan
}

async function generationsOf(db: Firestore, modelId: string): Promise<Generation[]> {
  const { docs } = await db.collection('generations').where('modelId', '==', modelId).get()
  // Only `documents/generations.ts` writes the collection.
  return docs.map((found) => ({ ...found.data(), id: found.id }) as Generation)
}

/** A model is there before its training has its samples, and counted with the end of the training only. */
export function countedModelBytes(training: Training | null, model: TrainedModel | null): number {
  const isCounted = training === null || training.status === 'succeeded'
  return model !== null && isCounted ? model.sizeBytes : 0
}

/** A generation is counted at its end. */
export function countedBytes(generations: readonly Generation[]): number {
  const images = generations.filter(isGenerationOver).flatMap((generation) => generation.images)
  return images.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0)
}

function ownerOf(jobs: readonly { job: JobRecord }[]): string | null {
  for (const { job } of jobs) {
    const input: unknown = job.input
    if (typeof input !== 'object' || input === null || !('userId' in input)) continue
    if (typeof input.userId === 'string') return input.userId
  }
  return null
}

/** Uploads that its start did not come to remove. */
async function uploadsOf(deps: PurgeDeps, jobs: readonly { job: JobRecord }[]): Promise<ObjectFacts[]> {
  const found: ObjectFacts[] = []
  for (const { job } of jobs.filter(({ job }) => job.kind === trainingStartNames.kind)) {
    const source = readableInput(trainingStartInputSchema, job)?.source
    if (source?.kind !== 'uploads') continue
    for (const { name } of source.photos) found.push(...(await existing(deps, deps.workBucket, name)))
  }
  return found
}

async function existing({ store }: PurgeDeps, bucket: string, name: string): Promise<ObjectFacts[]> {
  const facts = await store.stat({ bucket, name })
  return facts === null ? [] : [facts]
}

/** Its mail, and what webhooks told of its runs and those of its model. */
async function documentsOf(deps: PurgeDeps, trainingId: string, generations: readonly Generation[]): Promise<string[]> {
  const { db, mailCollection } = deps
  const owners = [trainingId, ...generations.flatMap(({ id, prompts }) => prompts.map((_, index) => `${id}.${index}`))]
  const paths: string[] = []
  const mail = await db.collection(mailCollection).doc(mailId(trainingId)).get()
  if (mail.exists) paths.push(mail.ref.path)
  for (let from = 0; from < owners.length; from += ownersAtOnce) {
    const page = owners.slice(from, from + ownersAtOnce)
    const { docs } = await db.collection('replicate_runs').where('owner.jobId', 'in', page).get()
    paths.push(...docs.map(({ ref }) => ref.path))
  }
  return paths
}

/** Firestore compares with 30 values at most. */
const ownersAtOnce = 30
