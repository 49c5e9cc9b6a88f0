import { createRun, type RunContext } from '../runs/create-run.ts'
import { type Answer, jsonAnswer } from './answer.ts'
import { knownRun, listed, type Route, type RouteRequest, shown, viewOf } from './route.ts'

/** `/predictions` (contract §3). */
export const PREDICTION_ROUTES: readonly Route[] = [
  { method: 'POST', path: /^\/v1\/predictions$/, endpoint: 'create', answer: create },
  {
    method: 'GET',
    path: /^\/v1\/predictions$/,
    endpoint: 'list',
    answer: (context, request) => listed(context, 'prediction', request),
  },
  {
    method: 'GET',
    path: /^\/v1\/predictions\/([^/]+)$/,
    endpoint: 'get',
    answer: (context, request) => shown(context, knownRun(context, 'prediction', request), 'read'),
  },
  {
    method: 'POST',
    path: /^\/v1\/predictions\/([^/]+)\/cancel$/,
    endpoint: 'cancel',
    answer(context, request) {
      const run = knownRun(context, 'prediction', request)
      run.cancel()
      return shown(context, run, 'canceled')
    },
  },
]

async function create(context: RunContext, request: RouteRequest): Promise<Answer> {
  const { run, isHeld } = await createRun(context, request)
  const object = viewOf(context, run, 'created')
  const applied = isHeld ? { 'preference-applied': 'wait' } : {}
  if (isHeld && run.fault?.kind === 'early-output' && run.status === 'succeeded') {
    const { completed_at: _, metrics: __, ...running } = object
    return jsonAnswer(201, { ...running, status: 'processing', output: inline(context, run.output) }, applied)
  }
  return jsonAnswer(201, object, applied)
}

/** Outputs as data URLs. */
function inline(context: RunContext, output: unknown): unknown {
  if (Array.isArray(output)) return output.map((entry) => inline(context, entry))
  const id = String(output).split('/').at(-2) ?? ''
  const file = context.outputs.read(id)
  return file === null ? output : `data:${file.contentType};base64,${file.bytes.toString('base64')}`
}
