import { type Firestore, Timestamp } from '@google-cloud/firestore'
import { readUsage, reserveQuota, type Usage } from '#shared/documents/quotas.ts'
import { reading } from '#shared/documents/reading.ts'
import { createTraining, readTraining, type Training } from '#shared/documents/trainings.ts'
import type { Writes } from '#shared/documents/transaction.ts'
import { newJob } from '#shared/jobs/job-requests.ts'
import type { User } from '#shared/server/firebase-user.ts'
import { type TrainingStartInput, trainingStartNames } from '#shared/trainings/training-jobs.ts'
import type { ApiClients } from '../api-clients.ts'
import type { ApiContext } from '../api-context.ts'
import type { TrainingView } from '../endpoints/training-schemas.ts'
import type { Caller } from '../http/endpoint.ts'
import { findSameInput } from '../same-input.ts'
import { dueAt } from './due-at.ts'
import { newTraining } from './new-training.ts'
import { quotaLimits } from './quota-limits.ts'
import { withModel } from './read-trainings.ts'
import { keyReused } from './refusals.ts'
import { requestedId } from './requested-id.ts'
import { requireReplicate } from './require-replicate.ts'
import { requireRoom } from './require-room.ts'
import { lookAtSource, type TrainingSource } from './training-source.ts'
import { cameOf, type TrainingWish } from './training-wish.ts'
import { changeForUser, type Decision } from './user-change.ts'
import { wakeRecorded } from './wake-recorded.ts'

interface Begun {
  kind: 'new' | 'repeated' | 'reused'
  training: Training
}

/**
 * Begins a training: its document, its job and its place in the quota in one transaction, then the job is woken. A request that
 * was made already (Idempotency-Key), and input that was trained alike within a day, get the training that there is.
 * @throws CallerError 409 `request.key-reused`, 422 for photos that cannot be taken, 429 `quota.…`, 503 `training.not-configured`.
 */
export async function requestTraining(
  { user, context, logger }: Caller,
  wish: TrainingWish,
): Promise<{ training: TrainingView; isReused: boolean }> {
  requireReplicate(context.config)
  const clients = await context.loadClients()
  const { db } = clients
  const id = requestedId({ userId: user.uid, endpoint: 'trainings', idempotencyKey: wish.idempotencyKey })
  // Before the photos are looked at: the first request's job may have removed them by now.
  const earlier = wish.idempotencyKey === null ? null : await reading(readTraining(null, db, id))
  const begun: Begun =
    earlier === null ? await begin(context, clients, { user, id, wish }) : { kind: 'repeated', training: earlier }
  const { kind, training } = begun
  if (kind === 'repeated' && !(await cameOf(db, training, wish))) throw keyReused()
  // One that was there may be of a try that ended between its commit and the queue; a job asked for twice is one.
  if (training.status === 'queued') await wakeRecorded(clients.startJobs, { id: training.jobId, fence: 0 }, logger)
  return { training: await withModel(db, training), isReused: kind === 'reused' }
}

async function begin(
  context: ApiContext,
  clients: ApiClients,
  request: { user: User; id: string; wish: TrainingWish },
): Promise<Begun> {
  const { user, id, wish } = request
  const { db } = clients
  const source = await lookAtSource(context, clients, { userId: user.uid, source: wish.source })
  return await changeForUser<Begun>(context, db, {
    userId: user.uid,
    decide: async (transaction): Promise<Decision<Begun>> => {
      const now = context.now()
      // Without a key too: a commit whose answer was lost is made again, and finds what it made.
      const [found, usage] = await Promise.all([
        readTraining(transaction, db, id),
        readUsage(transaction, db, user.uid),
      ])
      if (found !== null) return { outcome: { kind: 'repeated', training: found }, writes: null }
      const training = newTraining({ ...request, source, trainer: context.config.REPLICATE_TRAINER, now })
      const { inputHash } = training
      const isCompared = !wish.force && inputHash !== null
      const alike = isCompared ? await findSameInput(transaction, db, { training, inputHash, now }) : null
      if (alike !== null) return { outcome: { kind: 'reused', training: alike }, writes: null }
      const writes = beginning({ context, db, usage, training, source, force: wish.force, now })
      return { outcome: { kind: 'new', training }, writes }
    },
  })
}

/** All that is written of a new training. @throws CallerError 429 where the user may not begin one now. */
function beginning(parts: {
  context: ApiContext
  db: Firestore
  usage: Usage
  training: Training
  source: TrainingSource
  force: boolean
  now: Date
}): Writes {
  const { context, db, usage, training, source, force, now } = parts
  const { config } = context
  const { id, userId } = training
  const wish = { quota: 'trainings', key: id, amount: 1, now } as const
  requireRoom(usage, { ...wish, limit: quotaLimits(config).trainings })
  const input: TrainingStartInput = { trainingId: id, userId, source: source.photos, force }
  const job = newJob(db, {
    names: trainingStartNames,
    input,
    deadlineMs: config.JOB_DEADLINE_MS,
    now: Timestamp.fromDate(now),
    dueAt: dueAt(config, now),
  })
  const writes = [reserveQuota(db, usage, wish), createTraining(db, training), job.writes]
  return (writing) => {
    for (const write of writes) write(writing)
  }
}
