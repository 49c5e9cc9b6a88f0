import { toWireModel, type WireModel } from '#shared/registry/model/wire-model.ts'
import { changeRegistered, type ModelChange } from '#shared/registry/registration/change-registered.ts'
import { removeRegistered } from '#shared/registry/registration/remove-registered.ts'
import type { Caller } from '../../http/endpoint.ts'
import { admitting, findModel } from './find-model.ts'

/** Changes what a model says. @throws CallerError 404 `model.not-found`, 403 for the system's. */
export async function changeModel({ user, context }: Caller, id: string, change: ModelChange): Promise<WireModel> {
  const { db } = await context.loadClients()
  const modelId = (await findModel(context, { user, id })).document.id
  await changeRegistered(db, { modelId, change, admit: admitting(user, id) })
  return toWireModel((await findModel(context, { user, id: modelId })).model)
}

/** Removes a model from the registry; its bytes stay until something needs their room. @throws likewise */
export async function removeModel({ user, context, logger }: Caller, id: string): Promise<void> {
  const { db } = await context.loadClients()
  const modelId = (await findModel(context, { user, id })).document.id
  await removeRegistered(db, { modelId, admit: admitting(user, id) })
  logger.info('A model was removed from the registry.', { modelId })
}
