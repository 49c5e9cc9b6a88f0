import { findModel as findStored, wishForSync } from '#shared/documents/sync-wishes.ts'
import { TransientError } from '#shared/errors/app-error.ts'
import { toWireModel, type WireModel } from '#shared/registry/model/wire-model.ts'
import type { Caller } from '../../http/endpoint.ts'
import { notFound } from '../refusals.ts'
import { admitting, findModel } from './find-model.ts'

/** Each round lost means that somebody wrote the document in between. */
const ROUNDS = 5

/**
 * Asks for a model's copy as the app does: the document says so, and its event wakes model-sync. One that is under way goes on.
 * @throws CallerError 404 `model.not-found`, 403 for the system's.
 */
export async function syncModel({ user, context, logger }: Caller, id: string): Promise<WireModel> {
  const { db } = await context.loadClients()
  const modelId = admitting(user, id)(await findModel(context, { user, id })).document.id
  for (let round = 0; round < ROUNDS; round++) {
    const model = await findStored(db, modelId)
    if (model === null) throw notFound('model', id)
    if (model.syncStatus === 'syncing' || (await wishForSync(db, model)) !== null) {
      logger.info('The sync of a model was asked for.', { modelId })
      return toWireModel((await findModel(context, { user, id: modelId })).model)
    }
  }
  const message = 'The model is being changed all the time; try again later.'
  throw new TransientError({ code: 'sync.changing', message })
}
