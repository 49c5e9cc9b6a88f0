import type { Firestore } from '@google-cloud/firestore'
import { fileOfModel } from '#shared/cache/cached-file.ts'
import { touchFile } from '#shared/cache/use-file.ts'
import { reading } from '#shared/documents/reading.ts'
import type { RegisteredModel } from '#shared/documents/registered-models.ts'
import { syncProgressOf } from '#shared/documents/sync-progress.ts'
import { CallerError } from '#shared/errors/app-error.ts'
import type { Logger } from '#shared/logging/logger.ts'
import { hubDetails } from '#shared/registry/hubs/hub-details.ts'
import { refusePrivate } from '#shared/registry/model/private-models.ts'
import type { RegistryModel } from '#shared/registry/model/registry-model.ts'
import { toWireModel, type WireModel } from '#shared/registry/model/wire-model.ts'
import { markRegistered } from '#shared/registry/search/mark-registered.ts'
import type { Caller } from '../../http/endpoint.ts'
import { notFound } from '../refusals.ts'
import { findModel, placeOf } from './find-model.ts'
import { askingHubs } from './hub-failures.ts'

/** All that is known of a model: of a registered one, else of what its hub says. Reading it is a use of its file. */
export async function showModel(caller: Caller, id: string): Promise<WireModel> {
  const model = await lookAtModel(caller, id)
  return { ...toWireModel(model), sync_progress: await progressOf(caller, model) }
}

async function progressOf({ context }: Caller, { registered }: RegistryModel): Promise<WireModel['sync_progress']> {
  if (registered?.syncStatus !== 'syncing') return null
  const { db } = await context.loadClients()
  const progress = await reading(syncProgressOf(db, registered.modelId))
  return progress && { bytes_done: progress.doneBytes, bytes_total: progress.sizeBytes }
}

/** The same as a record. @throws CallerError 404 `model.not-found`, 424 of the hub's. */
export async function lookAtModel({ user, context, logger }: Caller, id: string): Promise<RegistryModel> {
  const { db } = await context.loadClients()
  let found: RegisteredModel | null = null
  try {
    found = await findModel(context, { user, id })
  } catch (error) {
    if (!(error instanceof CallerError && error.code === 'model.not-found')) throw error
  }
  if (found !== null) {
    if (found.document.gcsUri !== null) await noteUse({ db, logger }, found)
    return found.model
  }
  const place = placeOf(context, id)
  if (place === null) throw notFound('model', id)
  const { hubs } = await context.loadRegistry()
  const record = await askingHubs(
    async (signal) => {
      const model = await hubDetails(hubs, place, signal)
      if (!user.isOperator) refusePrivate(model)
      return model
    },
    () => notFound('model', id),
  )
  const [marked = record] = await markRegistered(db, { models: [record], uid: user.uid })
  return marked
}

/** A use that cannot be noted fails no read. */
async function noteUse(
  { db, logger }: { db: Firestore; logger: Logger },
  { document }: RegisteredModel,
): Promise<void> {
  try {
    const file = await fileOfModel(db, document)
    if (file !== null) await touchFile({ db }, file)
  } catch (error) {
    logger.warn('The use of a model could not be noted.', { modelId: document.id, error })
  }
}
