import { createHash } from 'node:crypto'
import { LOCAL_REPLICATE_OWNER, LOCAL_REPLICATE_TOKEN, LOCAL_WEBHOOK_SECRET } from '#local/replicate/account.ts'
import type { ReplicateFault } from '#local/replicate/faults.ts'
import { signedHeaders } from '#local/replicate/webhooks/webhook-signing.ts'
import { webhookUrl } from '#shared/replicate/webhook-url.ts'
import { TRAINER, TRAINER_VERSION } from '../../support/training-stand-in.ts'
import type { TrainingWorld } from '../../support/training-world.ts'
import { until } from '../../support/until.ts'

export type Outcome = 'succeeded' | 'failed' | 'canceled' | 'aborted'

export const webhookEvents = ['start', 'output', 'logs', 'completed'] as const
export type WebhookEvent = (typeof webhookEvents)[number]

/** Where the trained versions go. */
export const destination = `${LOCAL_REPLICATE_OWNER}/orders`

export async function createDestination(world: TrainingWorld): Promise<void> {
  const [owner, name] = destination.split('/')
  await replicate(world, 'POST', '/models', { owner, name, visibility: 'private', hardware: 'gpu-t4' })
}

export type RunBody = Record<string, unknown>

/** A run at Replicate that has ended; nothing was told of it yet. */
export async function endedRun(
  world: TrainingWorld,
  { outcome, datasetUrl }: { outcome: Outcome; datasetUrl: string },
): Promise<RunBody> {
  const faults: Record<Outcome, ReplicateFault | null> = {
    succeeded: null,
    failed: { kind: 'failed', error: 'CUDA out of memory.' },
    canceled: { kind: 'canceled' },
    aborted: { kind: 'aborted' },
  }
  const fault = faults[outcome]
  if (fault) world.replicate.inject({ endpoint: 'train', fault, times: 1 })
  const input = { input_images: datasetUrl, trigger_word: 'ohwx', lora_rank: 1, steps: 10 }
  const path = `/models/${TRAINER}/versions/${TRAINER_VERSION}/trainings`
  const { id } = await replicate(world, 'POST', path, { destination, input })
  let run: RunBody = {}
  await until(async () => {
    run = await replicate(world, 'GET', `/trainings/${id}`)
    return run.completed_at !== null && run.completed_at !== undefined
  }, 5)
  if (run.status !== outcome) throw new Error(`The run is ${run.status}, not ${outcome}.`)
  return run
}

/** What each webhook of the run says (contract §5): the last what is true now, the others what was before. */
export function toldOf(run: RunBody, id: string): Record<WebhookEvent, RunBody> {
  const told = {
    ...run,
    webhook: webhookUrl('https://hooks.example.test', { kind: 'training', jobId: id }),
    webhook_events_filter: webhookEvents,
  }
  const { output, completed_at: _at, metrics: _metrics, error: _error, ...underWay } = told as RunBody
  return {
    start: { ...underWay, status: 'processing', logs: '' },
    logs: { ...underWay, status: 'processing' },
    output: { ...underWay, status: 'processing', output: output ?? null },
    completed: told,
  }
}

export async function deliver(
  world: TrainingWorld,
  { id, event, body }: { id: string; event: WebhookEvent; body: RunBody },
): Promise<void> {
  const bytes = Buffer.from(JSON.stringify(body))
  const webhookId = `msg_${createHash('sha256').update(`${id} ${event}`).digest('hex').slice(0, 27)}`
  const headers = signedHeaders({ id: webhookId, body: bytes, atMs: Date.now(), secret: LOCAL_WEBHOOK_SECRET })
  const url = webhookUrl(world.urls['replicate-webhook'], { kind: 'training', jobId: id })
  const answer = await fetch(url, { method: 'POST', headers, body: bytes })
  if (answer.status !== 200) throw new Error(`A webhook (${event}) was answered with ${answer.status}.`)
}

async function replicate(world: TrainingWorld, method: string, path: string, body?: unknown): Promise<RunBody> {
  const answer = await fetch(`${world.replicate.url}/v1${path}`, {
    method,
    headers: { authorization: `Bearer ${LOCAL_REPLICATE_TOKEN}`, 'content-type': 'application/json' },
    ...(body === undefined ? {} : { body: JSON.stringify(body) }),
  })
  if (!answer.ok) throw new Error(`The stand-in answered ${answer.status}: ${await answer.text()}`)
  return (await answer.json()) as RunBody
}
