import { endpoint } from '../http/endpoint.ts'
import { modelIdParams, pageQuery, searchPageSchema, searchQuery } from './registry-schemas.ts'

export const searchRegistry = endpoint({
  id: 'searchModels',
  method: 'get',
  path: '/api/registry/search',
  tag: 'Registry',
  summary: 'Search both hubs and what is registered, at once',
  description:
    'A source that is down, too slow or limits us leaves a note, and is asked again by the next page. The cursor belongs to its query.',
  query: searchQuery,
  answers: { 200: { description: 'A page of models.', schema: searchPageSchema } },
  errors: [400],
}).handledBy(async ({ query, ...caller }) => {
  const { queryOf, searchModels } = await import('../requests/registry/search-models.ts')
  const { limit, cursor = null } = query
  return { status: 200, body: await searchModels(caller, { query: queryOf(query), limit, cursor }) }
})

export const listCompatibleLoras = endpoint({
  id: 'listCompatibleLoras',
  method: 'get',
  path: '/api/registry/models/{id}/loras',
  tag: 'Registry',
  summary: 'LoRAs that a model can be used with',
  params: modelIdParams,
  query: pageQuery,
  answers: { 200: { description: 'A page of models, as of a search.', schema: searchPageSchema } },
  errors: [400, 404, 409, 424],
}).handledBy(async ({ params, query, ...caller }) => {
  const { searchLoras } = await import('../requests/registry/search-models.ts')
  const { limit, cursor = null } = query
  return { status: 200, body: await searchLoras(caller, { id: params.id, limit, cursor }) }
})
