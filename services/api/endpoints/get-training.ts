import { endpoint } from '../http/endpoint.ts'
import { idParams } from './common-schemas.ts'
import { trainingAnswerSchema } from './training-schemas.ts'

export const getTraining = endpoint({
  id: 'getTraining',
  method: 'get',
  path: '/api/trainings/{id}',
  tag: 'Trainings',
  summary: 'One training',
  params: idParams,
  answers: { 200: { description: 'The training as it is now.', schema: trainingAnswerSchema } },
  errors: [404],
}).handledBy(async ({ params, user, context }) => {
  const { ownTraining } = await import('../requests/read-trainings.ts')
  return { status: 200, body: { training: await ownTraining(context, { user, id: params.id }) } }
})
