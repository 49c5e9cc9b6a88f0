import { endpoint } from '../http/endpoint.ts'
import { idParams } from './common-schemas.ts'
import { trainingAnswerSchema } from './training-schemas.ts'

export const cancelTraining = endpoint({
  id: 'cancelTraining',
  method: 'post',
  path: '/api/trainings/{id}/cancel',
  tag: 'Trainings',
  summary: 'Cancel a training',
  description: 'It ends as soon as whoever works on it notices. It still counts if a run was created for it by then.',
  params: idParams,
  answers: { 202: { description: 'It will end.', schema: trainingAnswerSchema } },
  errors: [404, 409],
}).handledBy(async ({ params, ...caller }) => {
  const { cancelTraining: cancel } = await import('../requests/cancel-training.ts')
  return { status: 202, body: { training: await cancel(caller, params.id) } }
})
