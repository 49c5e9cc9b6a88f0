import { createHmac } from 'node:crypto'

/** The headers of one try: the id stays, time and signature are its own (contract §5, Standard Webhooks). */
export function signedHeaders(delivery: {
  id: string
  body: Buffer
  atMs: number
  /** `whsec_` and base64. */
  secret: string
}): Record<string, string> {
  const { id, body, atMs, secret } = delivery
  const timestamp = String(Math.floor(atMs / 1000))
  const key = Buffer.from(secret.replace(/^whsec_/, ''), 'base64')
  const signature = createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64')
  return {
    'content-type': 'application/json',
    'user-agent': 'Webhooks/1.66.0 (sender-9YMgn)',
    'webhook-id': id,
    'webhook-timestamp': timestamp,
    'webhook-signature': `v1,${signature}`,
  }
}
