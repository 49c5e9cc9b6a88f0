import { endpoint } from '../http/endpoint.ts'
import { idParams } from './common-schemas.ts'
import { generationAnswerSchema } from './generation-schemas.ts'

export const getGeneration = endpoint({
  id: 'getGeneration',
  method: 'get',
  path: '/api/generations/{id}',
  tag: 'Generations',
  summary: 'One generation and its pictures',
  params: idParams,
  answers: { 200: { description: 'The generation as it is now.', schema: generationAnswerSchema } },
  errors: [404],
}).handledBy(async ({ params, user, context }) => {
  const { ownGeneration } = await import('../requests/read-generation.ts')
  return { status: 200, body: { generation: await ownGeneration(context, { user, id: params.id }) } }
})
