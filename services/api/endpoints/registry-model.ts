import * as z from 'zod'
import { endpoint } from '../http/endpoint.ts'
import { changeModelBody, modelAnswerSchema, modelIdParams } from './registry-schemas.ts'

const path = '/api/registry/models/{id}'

export const getRegisteredModel = endpoint({
  id: 'getModel',
  method: 'get',
  path,
  tag: 'Registry',
  summary: 'One model',
  description:
    'Of a model that is not registered, what its hub says. Reading a synced one counts as a use of its file.',
  params: modelIdParams,
  answers: { 200: { description: 'All that is known of it.', schema: modelAnswerSchema } },
  errors: [404, 424],
}).handledBy(async ({ params, ...caller }) => {
  const { showModel } = await import('../requests/registry/show-model.ts')
  return { status: 200, body: { model: await showModel(caller, params.id) } }
})

export const changeRegisteredModel = endpoint({
  id: 'changeModel',
  method: 'patch',
  path,
  tag: 'Registry',
  summary: 'Change what a registered model says',
  description: 'Of the system’s models for operators only.',
  params: modelIdParams,
  body: changeModelBody,
  answers: { 200: { description: 'The model as it is now.', schema: modelAnswerSchema } },
  errors: [403, 404],
}).handledBy(async ({ params, body, ...caller }) => {
  const { changeModel } = await import('../requests/registry/change-model.ts')
  const { trigger_words: triggerWords, recommended_weight: recommendedWeight, ...rest } = body
  const model = await changeModel(caller, params.id, { ...rest, triggerWords, recommendedWeight })
  return { status: 200, body: { model } }
})

export const removeRegisteredModel = endpoint({
  id: 'removeModel',
  method: 'delete',
  path,
  tag: 'Registry',
  summary: 'Remove a model from the registry',
  description: 'Its file stays in the cache until something needs the room. Of the system’s models for operators only.',
  params: modelIdParams,
  answers: {
    200: {
      description: 'It is no longer registered.',
      schema: z.strictObject({ removed: z.literal(true) }).meta({ id: 'ModelRemoved' }),
    },
  },
  errors: [403, 404],
}).handledBy(async ({ params, ...caller }) => {
  const { removeModel } = await import('../requests/registry/change-model.ts')
  await removeModel(caller, params.id)
  return { status: 200, body: { removed: true } }
})

export const syncRegisteredModel = endpoint({
  id: 'syncModel',
  method: 'post',
  path: '/api/registry/models/{id}/sync',
  tag: 'Registry',
  summary: 'Copy a registered model into the models bucket',
  description:
    'Follow it by `GET /api/registry/models/{id}`: `sync_status` becomes `synced`, or `notsynced` with `sync_error`; `sync_progress` says how far its copy is. Of the system’s models for operators only.',
  params: modelIdParams,
  answers: { 202: { description: 'It is under way.', schema: modelAnswerSchema } },
  errors: [403, 404],
}).handledBy(async ({ params, ...caller }) => {
  const { syncModel } = await import('../requests/registry/sync-model.ts')
  return { status: 202, body: { model: await syncModel(caller, params.id) } }
})
