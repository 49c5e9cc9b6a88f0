import { type Firestore, Timestamp } from '@google-cloud/firestore'
import { reading } from '#shared/documents/reading.ts'
import { readTrainedModel } from '#shared/documents/trained-models.ts'
import { listTrainings, readTraining, type Training } from '#shared/documents/trainings.ts'
import type { User } from '#shared/server/firebase-user.ts'
import type { ApiContext } from '../api-context.ts'
import type { TrainingView } from '../endpoints/training-schemas.ts'
import { invalidRequest } from '../http/parse-part.ts'
import { notFound } from './refusals.ts'
import { trainingView } from './training-view.ts'

/** One training of the user's; operators see everybody's. @throws CallerError 404 `training.not-found`. */
export async function ownTraining(context: ApiContext, wish: { user: User; id: string }): Promise<TrainingView> {
  const { db } = await context.loadClients()
  const training = await reading(readTraining(null, db, wish.id))
  if (training === null || !mayUse(wish.user, training)) throw notFound('training', wish.id)
  return await withModel(db, training)
}

/** Whether something is the user's, or they are an operator. */
export function mayUse(user: User, owned: { userId: string }): boolean {
  return user.isOperator || owned.userId === user.uid
}

/** A training with the model that it made, once there is one. */
export async function withModel(db: Firestore, training: Training): Promise<TrainingView> {
  const model = training.modelId === null ? null : await reading(readTrainedModel(null, db, training.modelId))
  return trainingView(training, model)
}

/** A page of a user's trainings. @throws CallerError 422 for a cursor that is none of ours. */
export async function trainingPage(
  context: ApiContext,
  page: { userId: string; limit: number; before: string | null },
): Promise<{ trainings: TrainingView[]; next: string | null }> {
  const { db } = await context.loadClients()
  const before = page.before === null ? null : parseCursor(page.before)
  const found = await reading(listTrainings(db, { userId: page.userId, limit: page.limit, before }))
  const last = found.length === page.limit ? found.at(-1) : undefined
  return {
    trainings: await Promise.all(found.map((training) => withModel(db, training))),
    next: last ? cursorOf(last) : null,
  }
}

/** Time and id: trainings that began in one moment are told apart. */
function cursorOf({ createdAt, id }: Pick<Training, 'createdAt' | 'id'>): string {
  return `${createdAt.seconds}.${createdAt.nanoseconds}.${id}`
}

function parseCursor(text: string): { createdAt: Timestamp; id: string } {
  const [, seconds, nanoseconds, id] = /^(\d{1,11})\.(\d{1,9})\.([a-z0-9-]{1,64})$/.exec(text) ?? []
  if (seconds === undefined || nanoseconds === undefined || id === undefined) {
    throw invalidRequest([{ path: 'query.before', message: 'Give `next` of a page of trainings.' }])
  }
  return { createdAt: new Timestamp(Number(seconds), Number(nanoseconds)), id }
}
