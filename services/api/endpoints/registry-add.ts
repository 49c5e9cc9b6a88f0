import { endpoint } from '../http/endpoint.ts'
import { addModelBody, foundModelSchema, lookupBody, modelAnswerSchema } from './registry-schemas.ts'

export const addRegisteredModel = endpoint({
  id: 'addModel',
  method: 'post',
  path: '/api/registry/models',
  tag: 'Registry',
  summary: 'Register a model',
  description: 'At the version that its source has now. The same source again is the same model.',
  body: addModelBody,
  answers: {
    201: { description: 'It is registered.', schema: modelAnswerSchema },
    200: { description: 'It was registered before, by you or for everybody.', schema: modelAnswerSchema },
  },
  errors: [403, 409, 424],
}).handledBy(async ({ body, ...caller }) => {
  const { addModel } = await import('../requests/registry/add-model.ts')
  const { source, name = null, type = null, sync, system } = body
  const { model, isNew } = await addModel(caller, { source, name, type, sync, isForSystem: system })
  return isNew ? { status: 201, body: { model } } : { status: 200, body: { model } }
})

export const lookUpModel = endpoint({
  id: 'lookUpModel',
  method: 'post',
  path: '/api/registry/lookup',
  tag: 'Registry',
  summary: 'The model that a file is of',
  description: 'Looks among registered models, then at CivitAI.',
  body: lookupBody,
  answers: { 200: { description: 'The model, or null where nobody knows the file.', schema: foundModelSchema } },
  errors: [424],
}).handledBy(async ({ body, ...caller }) => {
  const { lookUpModel: lookUp } = await import('../requests/registry/lookup-model.ts')
  return { status: 200, body: { model: await lookUp(caller, body.sha256) } }
})
