import { createHmac, timingSafeEqual } from 'node:crypto'

/** A key that webhooks are signed with. See `readWebhookSecret`. */
export type WebhookKey = Buffer

export type SignatureVerdict =
  /** `webhookId` stays the same over the tries of one delivery: remember it after the work, not before (contract §5). */
  | { isValid: true; webhookId: string; sentAt: Date }
  | { isValid: false; reason: 'missing-header' | 'malformed-header' | 'too-old' | 'from-the-future' | 'no-match' }

/** Five minutes, in both directions: what Standard Webhooks advises. */
const WEBHOOK_TOLERANCE_MS = 300_000

/** Without a dot, which parts id, time and body in what is signed: one with a dot could be cut in other places. */
const WEBHOOK_ID = /^[\x21-\x2d\x2f-\x7e]{1,256}$/
const UNIX_SECONDS = /^\d{1,12}$/
/** Room for dozens of keys. */
const MAX_SIGNATURE_CHARACTERS = 4096

const MIN_KEY_BYTES = 24

/**
 * The key in a secret as Replicate shows it: base64, `whsec_` before it or not. Null for anything else, and for one
 * below the 24 bytes that Standard Webhooks asks for: with an empty key anybody could sign.
 */
export function readWebhookSecret(secret: string): WebhookKey | null {
  const base64 = secret.trim().replace(/^whsec_/, '')
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(base64)) return null
  const key = Buffer.from(base64, 'base64')
  return key.byteLength >= MIN_KEY_BYTES ? key : null
}

/**
 * Judges a webhook by Standard Webhooks: HMAC-SHA256 over `{id}.{timestamp}.{body}`, of which one `v1` entry must match
 * under one of the keys (several during a rotation, contract §5). `body` are the bytes as they came: what was parsed and
 * written again has others. Never throws.
 */
export function verifyWebhook(delivery: {
  /** Names in lower case, as Node gives them. */
  headers: Readonly<Record<string, string | string[] | undefined>>
  body: Uint8Array
  keys: readonly WebhookKey[]
  nowMs: number
  toleranceMs?: number
}): SignatureVerdict {
  const { headers, body, keys, nowMs, toleranceMs = WEBHOOK_TOLERANCE_MS } = delivery
  const id = headers['webhook-id']
  const timestamp = headers['webhook-timestamp']
  const signatures = headers['webhook-signature']
  if (id === undefined || timestamp === undefined || signatures === undefined) return refused('missing-header')
  if (typeof id !== 'string' || !WEBHOOK_ID.test(id)) return refused('malformed-header')
  if (typeof timestamp !== 'string' || !UNIX_SECONDS.test(timestamp)) return refused('malformed-header')
  if (typeof signatures !== 'string' || signatures.length > MAX_SIGNATURE_CHARACTERS) return refused('malformed-header')

  const sentAtMs = Number(timestamp) * 1000
  if (nowMs - sentAtMs > toleranceMs) return refused('too-old')
  if (sentAtMs - nowMs > toleranceMs) return refused('from-the-future')

  // Other versions (`v1a` is asymmetric) are skipped, whatever they hold.
  const entries = signatures.split(' ').filter((entry) => entry.startsWith('v1,'))
  const given = entries.map((entry) => Buffer.from(entry.slice('v1,'.length)))
  const isSigned = keys.some((key) => {
    const expected = Buffer.from(createHmac('sha256', key).update(`${id}.${timestamp}.`).update(body).digest('base64'))
    // As text, for base64 has several spellings of the same bytes and a sender only one. Lengths are no secret.
    return given.some((one) => one.byteLength === expected.byteLength && timingSafeEqual(one, expected))
  })
  return isSigned ? { isValid: true, webhookId: id, sentAt: new Date(sentAtMs) } : refused('no-match')
}

function refused(reason: Extract<SignatureVerdict, { isValid: false }>['reason']): SignatureVerdict {
  return { isValid: false, reason }
}
