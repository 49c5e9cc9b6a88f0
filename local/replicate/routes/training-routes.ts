import { createTraining } from '../runs/create-training.ts'
import { jsonAnswer } from './answer.ts'
import { knownRun, listed, type Route, shown, viewOf } from './route.ts'

/** Trainings, and the secret of their webhooks (contract §4, §5). */
export const TRAINING_ROUTES: readonly Route[] = [
  {
    method: 'POST',
    path: /^\/v1\/models\/([^/]+)\/([^/]+)\/versions\/([^/]+)\/trainings$/,
    endpoint: 'train',
    answer(context, request) {
      const [owner = '', name = '', version = ''] = request.names
      const run = createTraining(context, { ...request, trainer: `${owner}/${name}`, version })
      return jsonAnswer(201, viewOf(context, run, 'created'))
    },
  },
  {
    method: 'GET',
    path: /^\/v1\/trainings$/,
    endpoint: 'list-trainings',
    answer: (context, request) => listed(context, 'training', request),
  },
  {
    method: 'GET',
    path: /^\/v1\/trainings\/([^/]+)$/,
    endpoint: 'get-training',
    answer: (context, request) => shown(context, knownRun(context, 'training', request), 'read'),
  },
  {
    method: 'POST',
    path: /^\/v1\/trainings\/([^/]+)\/cancel$/,
    endpoint: 'cancel-training',
    answer(context, request) {
      const run = knownRun(context, 'training', request)
      run.cancel()
      return shown(context, run, 'canceled')
    },
  },
  {
    method: 'GET',
    path: /^\/v1\/webhooks\/default\/secret$/,
    endpoint: 'webhook-secret',
    answer: (context) => jsonAnswer(200, { key: context.webhookSecret() }),
  },
]
