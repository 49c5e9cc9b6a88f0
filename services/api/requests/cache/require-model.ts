import type { Firestore } from '@google-cloud/firestore'
import { type Model, toModel } from '#shared/documents/model.ts'
import { modelRef } from '#shared/documents/models.ts'
import type { User } from '#shared/server/firebase-user.ts'
import { mayUse } from '../read-trainings.ts'
import { reading } from '../reading.ts'
import { notFound } from '../refusals.ts'

/** A registered model that the user may use: their own, or the system's. @throws CallerError 404 `model.not-found`. */
export async function requireModel(db: Firestore, wish: { user: User; id: string }): Promise<Model> {
  // A path is no document's id.
  if (wish.id.includes('/')) throw notFound('model', wish.id)
  const snapshot = await reading(modelRef(db, wish.id).get())
  const model = snapshot.exists ? toModel(snapshot.id, snapshot.data()) : null
  const isTheirs = model !== null && (model.userId === null || mayUse(wish.user, { userId: model.userId }))
  if (!isTheirs) throw notFound('model', wish.id)
  return model
}
