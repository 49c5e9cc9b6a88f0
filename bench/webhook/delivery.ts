import { createHmac } from 'node:crypto'
import type { PostRequest } from '../http-bytes.ts'

/** What is signed with; 24 bytes, as Standard Webhooks asks for. */
export const benchSecret = `whsec_${Buffer.alloc(24, 'bench').toString('base64')}`
const key = Buffer.from(benchSecret.slice('whsec_'.length), 'base64')

/** What a trainer has said by the middle of its work. */
const logs = Array.from(
  { length: 24 },
  (_, line) => `flux_train_replicate: ${line + 1}%|          | ${(line + 1) * 10}/1000 [lr: 4.0e-04 loss: 3.5e-01]\n`,
).join('')

/** A delivery about a training under way, signed as Replicate signs it; each `number` is another run. */
export function webhookDelivery(number: number): PostRequest {
  const id = `bench${String(number).padStart(21, '0')}`
  const jobId = `training-${number}`
  const body = JSON.stringify({
    id,
    model: 'ostris/flux-dev-lora-trainer',
    version: 'c6e78d2501e8088876e99ef21e4460d0dc121af7a4b786b9a4c2d75c620e300d',
    input: { input_images: 'https://storage.example.test/photos.zip', trigger_word: 'TOK', steps: 1000, lora_rank: 16 },
    logs,
    data_removed: false,
    error: null,
    created_at: '2026-06-08T12:06:15.127Z',
    started_at: '2026-06-08T12:06:20.136427877Z',
    status: 'processing',
    urls: {
      cancel: `https://api.replicate.com/v1/predictions/${id}/cancel`,
      get: `https://api.replicate.com/v1/predictions/${id}`,
    },
    webhook: `https://hooks.example.test/webhooks/replicate/${jobId}?kind=training`,
    webhook_events_filter: ['start', 'logs', 'completed'],
  })
  const timestamp = String(Math.floor(Date.now() / 1000))
  const signature = createHmac('sha256', key).update(`msg_${number}.${timestamp}.${body}`).digest('base64')
  return {
    path: `/webhooks/replicate/${jobId}?kind=training`,
    headers: {
      'content-type': 'application/json',
      'user-agent': 'Webhooks/1.66.0 (sender-9YMgn)',
      'webhook-id': `msg_${number}`,
      'webhook-timestamp': timestamp,
      'webhook-signature': `v1,${signature}`,
    },
    body,
  }
}
