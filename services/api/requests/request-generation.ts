import { isDeepStrictEqual } from 'node:util'
import { type Firestore, Timestamp, type Transaction } from '@google-cloud/firestore'
import { createGeneration, type Generation, readGeneration } from '#shared/documents/generations.ts'
import { readUsage, reserveQuota } from '#shared/documents/quotas.ts'
import { readTrainedModel, type TrainedModel } from '#shared/documents/trained-models.ts'
import { queuedGeneration } from '#shared/generations/queued-generation.ts'
import { newJob } from '#shared/jobs/job-requests.ts'
import { fillTemplate, findTemplate } from '#shared/prompts/templates.ts'
import type { User } from '#shared/server/firebase-user.ts'
import { type GenerationInput, generationNames } from '#shared/trainings/training-jobs.ts'
import type { GenerationView } from '../endpoints/generation-schemas.ts'
import type { Caller } from '../http/endpoint.ts'
import { invalidRequest } from '../http/parse-part.ts'
import { dueAt } from './due-at.ts'
import { quotaLimits } from './quota-limits.ts'
import { generationView } from './read-generation.ts'
import { keyReused, notFound } from './refusals.ts'
import { requestedId } from './requested-id.ts'
import { requireReplicate } from './require-replicate.ts'
import { requireRoom } from './require-room.ts'
import { changeForUser, type Decision } from './user-change.ts'
import { wakeRecorded } from './wake-recorded.ts'

/** Pictures as they are asked for. */
interface GenerationWish {
  modelId: string
  count: number
  wish: { kind: 'prompt'; prompt: string } | { kind: 'template'; id: string }
  idempotencyKey: string | null
}

/**
 * Has pictures made with a model of the user's: the document, the job and the quota in one transaction, then the job is woken.
 * @throws CallerError 404 `model.not-found`, 409 `request.key-reused`, 422, 429 `quota.generations`, 503 `training.not-configured`.
 */
export async function requestGeneration(
  { user, context, logger }: Caller,
  wish: GenerationWish,
): Promise<GenerationView> {
  const { config } = context
  requireReplicate(config)
  const { db, finishJobs } = await context.loadClients()
  const userId = user.uid
  const id = requestedId({ userId, endpoint: 'generations', idempotencyKey: wish.idempotencyKey })
  const generation = await changeForUser<Generation>(context, db, {
    userId,
    decide: async (transaction): Promise<Decision<Generation>> => {
      const now = context.now()
      const draft = await newGeneration(transaction, { db, user, id, wish, now })
      const found = await readGeneration(transaction, db, id)
      if (found !== null) {
        if (found.modelId !== draft.modelId || !isDeepStrictEqual(found.prompts, draft.prompts)) throw keyReused()
        return { outcome: found, writes: null }
      }
      const usage = await readUsage(transaction, db, userId)
      const amount = { quota: 'generations', key: id, amount: wish.count, now } as const
      requireRoom(usage, { ...amount, limit: quotaLimits(config).generations })
      const input: GenerationInput = { generationId: id, userId }
      const job = newJob(db, {
        names: generationNames,
        input,
        deadlineMs: config.JOB_DEADLINE_MS,
        now: Timestamp.fromDate(now),
        dueAt: dueAt(config, now),
      })
      const writes = [reserveQuota(db, usage, amount), createGeneration(db, draft), job.writes]
      return {
        outcome: draft,
        writes: (writing) => {
          for (const write of writes) write(writing)
        },
      }
    },
  })
  // One that was there may be of a try that ended between its commit and the queue; a job asked for twice is one.
  if (generation.status === 'queued') await wakeRecorded(finishJobs, { id: generation.jobId, fence: 0 }, logger)
  return generationView(generation)
}

async function newGeneration(
  transaction: Transaction | null,
  parts: { db: Firestore; user: User; id: string; wish: GenerationWish; now: Date },
): Promise<Generation> {
  const { db, user, id, wish, now } = parts
  const model = await readTrainedModel(transaction, db, wish.modelId)
  // Not for operators either: what is made of a person is that person's owner's.
  if (model === null || model.userId !== user.uid) throw notFound('model', wish.modelId)
  const asked = {
    id,
    userId: user.uid,
    modelId: model.id,
    trainingId: null,
    version: `${model.replicate_model_id}:${model.replicate_version_id}`,
    prompts: Array.from({ length: wish.count }, () => promptFor(model, wish.wish)),
  }
  return queuedGeneration(asked, Timestamp.fromDate(now))
}

function promptFor(model: TrainedModel, wish: GenerationWish['wish']): string {
  if (wish.kind === 'prompt') return fillTemplate(wish, model)
  const template = findTemplate(wish.id)
  if (template === null) throw invalidRequest([{ path: 'template', message: 'There is no such template.' }])
  return fillTemplate(template, model)
}
