import { reading } from '#shared/documents/reading.ts'
import { type RegisteredPage, registeredPage } from '#shared/documents/registered-model-queries.ts'
import { toWireModel, type WireModel } from '#shared/registry/model/wire-model.ts'
import type { Caller } from '../../http/endpoint.ts'
import { invalidRequest } from '../../http/parse-part.ts'
import { viewerOf } from './find-model.ts'

/** Which registered models; empty lists for all. */
export interface ListWish {
  types: readonly string[]
  bases: readonly string[]
  sources: readonly string[]
  limit: number
  cursor: string | null
}

/** The registered models that the user sees, those registered last first. @throws CallerError 422 for a cursor that is none. */
export async function listModels(
  caller: Caller,
  wish: ListWish,
): Promise<{ models: WireModel[]; next_cursor: string | null }> {
  const { models, next } = await modelPage(caller, wish)
  return { models: models.map(({ model }) => toWireModel(model)), next_cursor: next }
}

/** The same as they are read. */
export async function modelPage({ user, context }: Caller, wish: ListWish): Promise<RegisteredPage> {
  const { limit, cursor, ...facets } = wish
  const { db } = await context.loadClients()
  const filter = { ...facets, viewer: viewerOf(user), word: null }
  const page = await reading(registeredPage(db, { filter, order: 'registered', limit, cursor }))
  if (page !== null) return page
  throw invalidRequest([{ path: 'query.cursor', message: 'Give `next_cursor` of a page of this list.' }])
}
