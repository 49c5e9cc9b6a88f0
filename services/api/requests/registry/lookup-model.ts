import { reading } from '#shared/documents/reading.ts'
import { registeredBySha256 } from '#shared/documents/registered-model-queries.ts'
import { civitaiByHash } from '#shared/registry/hubs/hub-details.ts'
import { isPrivate } from '#shared/registry/model/private-models.ts'
import { toWireModel, type WireModel } from '#shared/registry/model/wire-model.ts'
import { closest, markRegistered } from '#shared/registry/search/mark-registered.ts'
import type { Caller } from '../../http/endpoint.ts'
import { askingHubs, badSource } from './hub-failures.ts'

/** The model that a file is of: a registered one, else CivitAI's (Hugging Face cannot be asked by hash); null where nobody knows it. */
export async function lookUpModel({ user, context }: Caller, sha256: string): Promise<WireModel | null> {
  const [{ db }, { hubs }] = await Promise.all([context.loadClients(), context.loadRegistry()])
  const registered = closest(await reading(registeredBySha256(db, { sha256, uid: user.uid })), '')
  if (registered !== null) return toWireModel(registered.model)
  const record = await askingHubs((signal) => civitaiByHash(hubs, sha256, signal), badSource)
  if (record === null || (isPrivate(record) && !user.isOperator)) return null
  const [marked = record] = await markRegistered(db, { models: [record], uid: user.uid })
  return toWireModel(marked)
}
