import type * as z from 'zod'
import { CallerError } from '#shared/errors/app-error.ts'
import { isPrivate } from '#shared/registry/model/private-models.ts'
import { toWireModel } from '#shared/registry/model/wire-model.ts'
import { compatibleLoras } from '#shared/registry/search/compatible-loras.ts'
import { localSource } from '#shared/registry/search/local-source.ts'
import { markRegistered } from '#shared/registry/search/mark-registered.ts'
import type { RegistryQuery } from '#shared/registry/search/search-query.ts'
import type { SearchPageView, searchQuery } from '../../endpoints/registry-schemas.ts'
import type { Caller } from '../../http/endpoint.ts'
import { viewerOf } from './find-model.ts'
import { lookAtModel } from './show-model.ts'
import { noteView } from './views.ts'

/** What `GET /api/registry/search` asks for. */
export function queryOf(asked: z.output<typeof searchQuery>): RegistryQuery {
  return {
    text: asked.q ?? null,
    sources: asked.source,
    types: asked.type,
    bases: asked.base,
    tag: asked.tag ?? null,
    task: asked.task ?? null,
    library: asked.library ?? null,
    sort: asked.sort,
    nsfw: asked.nsfw === 'true',
  }
}

/**
 * A page over both hubs and what the user sees of the registry. @throws CallerError 400 `search.bad-cursor`,
 * `search.other-search`.
 */
export async function searchModels(
  { user, context }: Caller,
  page: { query: RegistryQuery; limit: number; cursor: string | null },
): Promise<SearchPageView> {
  const [{ db }, { search }] = await Promise.all([context.loadClients(), context.loadRegistry()])
  const { models, nextCursor, notes } = await search.search({ ...page, own: [localSource(db, viewerOf(user))] })
  const shown = models.filter((model) => user.isOperator || model.registered !== null || !isPrivate(model))
  const marked = await markRegistered(db, { models: shown, uid: user.uid })
  return { models: marked.map(toWireModel), next_cursor: nextCursor, notes: notes.map(noteView) }
}

/** The LoRAs that a model can be used with, likewise. @throws CallerError 404 `model.not-found`, 409 `model.base-unknown`. */
export async function searchLoras(
  caller: Caller,
  page: { id: string; limit: number; cursor: string | null },
): Promise<SearchPageView> {
  const { id, limit, cursor } = page
  const query = compatibleLoras(await lookAtModel(caller, id))
  if (query !== null) return await searchModels(caller, { query, limit, cursor })
  throw new CallerError({
    status: 409,
    code: 'model.base-unknown',
    message: 'Nothing is known of the base of this model, so that nobody can say which LoRAs go with it.',
  })
}
