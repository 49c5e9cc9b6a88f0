import { endpoint } from '../http/endpoint.ts'
import { listQuery, modelPageSchema, updatePageSchema, updatesQuery } from './registry-schemas.ts'

export const listRegisteredModels = endpoint({
  id: 'listModels',
  method: 'get',
  path: '/api/registry/models',
  tag: 'Registry',
  summary: 'Registered models: yours and the system’s, the last registered first',
  description: 'Operators see everybody’s.',
  query: listQuery,
  answers: { 200: { description: 'A page of models.', schema: modelPageSchema } },
}).handledBy(async ({ query, ...caller }) => {
  const { listModels } = await import('../requests/registry/list-models.ts')
  const { source: sources, type: types, base: bases, limit, cursor = null } = query
  return { status: 200, body: await listModels(caller, { sources, types, bases, limit, cursor }) }
})

export const listModelUpdates = endpoint({
  id: 'listModelUpdates',
  method: 'get',
  path: '/api/registry/updates',
  tag: 'Registry',
  summary: 'Registered models of which their hub has a newer version',
  description: 'Twenty registered models a page, whether they have an update or not.',
  query: updatesQuery,
  answers: { 200: { description: 'The updates among a page of models.', schema: updatePageSchema } },
}).handledBy(async ({ query, ...caller }) => {
  const { modelUpdates } = await import('../requests/registry/model-updates.ts')
  return { status: 200, body: await modelUpdates(caller, query.cursor ?? null) }
})
