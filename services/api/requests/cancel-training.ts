import { Timestamp } from '@google-cloud/firestore'
import { isTrainingOver, readTraining, type Training, updateTraining } from '#shared/documents/trainings.ts'
import { CallerError } from '#shared/errors/app-error.ts'
import { jobId } from '#shared/jobs/job-record.ts'
import { trainingFinishNames, trainingStartNames } from '#shared/trainings/training-jobs.ts'
import type { TrainingView } from '../endpoints/training-schemas.ts'
import type { Caller } from '../http/endpoint.ts'
import { mayUse, withModel } from './read-trainings.ts'
import { notFound } from './refusals.ts'
import { changeForUser, type Decision } from './user-change.ts'
import { wakeIfLive } from './wake-recorded.ts'

/**
 * Notes that a training is no longer wanted, and wakes whoever may be at work on it; that one ends it. Asked again it wakes
 * them again.
 * @throws CallerError 404 `training.not-found`, 409 `training.over`.
 */
export async function cancelTraining({ user, context, logger }: Caller, id: string): Promise<TrainingView> {
  const { db, startJobs, finishJobs } = await context.loadClients()
  const training = await changeForUser(context, db, {
    userId: user.uid,
    decide: async (transaction): Promise<Decision<Training>> => {
      const found = await readTraining(transaction, db, id)
      if (found === null || !mayUse(user, found)) throw notFound('training', id)
      if (isTrainingOver(found)) throw isOver(found)
      if (found.cancelRequestedAt !== null) return { outcome: found, writes: null }
      const cancelRequestedAt = Timestamp.fromDate(context.now())
      return { outcome: { ...found, cancelRequestedAt }, writes: updateTraining(db, id, { cancelRequestedAt }) }
    },
  })
  const wake = { db, logger }
  await wakeIfLive({ ...wake, jobs: startJobs }, jobId(trainingStartNames.key({ trainingId: id })))
  await wakeIfLive({ ...wake, jobs: finishJobs }, jobId(trainingFinishNames.key({ trainingId: id })))
  return await withModel(db, training)
}

function isOver({ status }: Training): CallerError {
  return new CallerError({
    status: 409,
    code: 'training.over',
    message: `The training is over already: it has ${status === 'canceled' ? 'been canceled' : status}.`,
  })
}
