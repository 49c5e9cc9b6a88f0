import { createHmac } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { readWebhookSecret, verifyWebhook, type WebhookKey } from '#shared/replicate/webhook-signature.ts'
import { mutateDelivery } from '../../../support/mutate-delivery.ts'
import { seededRandom } from '../../../support/seeded-random.ts'

interface Vector {
  name: string
  expect: 'valid' | 'invalid'
  secret: string
  /** Unix seconds. */
  now: number
  toleranceSeconds: number
  headers: Record<string, string>
  body: string
}
const { cases }: { cases: Vector[] } = JSON.parse(
  readFileSync('tests/fixtures/replicate/signature-vectors.json', 'utf8'),
)
const keyOf = (secret: string): WebhookKey => {
  const key = readWebhookSecret(secret)
  if (key === null) throw new Error('no secret')
  return key
}

const secret = 'whsec_C2FVsBQIhrscChlQIMV+b5sSYspob7oD'
const another = 'whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw'
const nowMs = 1_749_386_120_000
const body = Buffer.from('{"id":"abc","status":"succeeded","logs":"Naïve \\u003c ✓"}')

/** A delivery that is signed right unless something is put in its place. */
function delivery(put: { headers?: Record<string, string | string[] | undefined>; keys?: WebhookKey[] } = {}) {
  const headers = signed({ id: 'msg_2yGEvjbj5JfrCSTduf2IL4TZgFz', seconds: nowMs / 1000 })
  return { headers: { ...headers, ...put.headers }, body, keys: put.keys ?? [keyOf(secret)], nowMs }
}
function signed({ id, seconds }: { id: string; seconds: number | string }): Record<string, string> {
  const mac = createHmac('sha256', keyOf(secret)).update(`${id}.${seconds}.`).update(body).digest('base64')
  return { 'webhook-id': id, 'webhook-timestamp': String(seconds), 'webhook-signature': `v1,${mac}` }
}

test.each(cases.map((vector) => [vector.name, vector.expect, vector] as const))(
  '%s is %s',
  (_name, expected, vector) => {
    const verdict = verifyWebhook({
      headers: vector.headers,
      body: Buffer.from(vector.body),
      keys: [keyOf(vector.secret)],
      nowMs: vector.now * 1000,
      toleranceMs: vector.toleranceSeconds * 1000,
    })
    expect(verdict.isValid).toBe(expected === 'valid')
  },
)

test('a delivery that is signed right is told by its id and time', () => {
  expect(verifyWebhook(delivery())).toEqual({
    isValid: true,
    webhookId: 'msg_2yGEvjbj5JfrCSTduf2IL4TZgFz',
    sentAt: new Date(nowMs),
  })
})

test('several keys at once are taken during a rotation, and none at all refuses everything', () => {
  expect(verifyWebhook(delivery({ keys: [keyOf(another), keyOf(secret)] })).isValid).toBe(true)
  expect(verifyWebhook(delivery({ keys: [keyOf(secret), keyOf(another)] })).isValid).toBe(true)
  expect(verifyWebhook(delivery({ keys: [keyOf(another)] }))).toEqual({ isValid: false, reason: 'no-match' })
  expect(verifyWebhook(delivery({ keys: [] }))).toEqual({ isValid: false, reason: 'no-match' })
})

test.each([
  [-300_001, 'from-the-future'],
  [-300_000, null],
  [0, null],
  [300_000, null],
  [300_001, 'too-old'],
])('%i ms after it was sent: %s', (ageMs, reason) => {
  const verdict = verifyWebhook({ ...delivery(), nowMs: nowMs + ageMs })
  expect(verdict).toMatchObject(reason === null ? { isValid: true } : { isValid: false, reason })
})

test.each<[name: string, value: string | string[] | undefined, reason: string]>([
  ['webhook-id', undefined, 'missing-header'],
  ['webhook-timestamp', undefined, 'missing-header'],
  ['webhook-signature', undefined, 'missing-header'],
  ['webhook-id', '', 'malformed-header'],
  ['webhook-id', ['a', 'b'], 'malformed-header'],
  ['webhook-id', 'msg 1', 'malformed-header'],
  ['webhook-id', 'x'.repeat(257), 'malformed-header'],
  ['webhook-timestamp', '', 'malformed-header'],
  ['webhook-timestamp', '1749386120.0', 'malformed-header'],
  ['webhook-timestamp', '-1749386120', 'malformed-header'],
  ['webhook-timestamp', '0x68457a88', 'malformed-header'],
  ['webhook-timestamp', '1.749386120e9', 'malformed-header'],
  ['webhook-timestamp', '١٧٤٩٣٨٦١٢٠', 'malformed-header'],
  ['webhook-timestamp', '1749386120, 1749386120', 'malformed-header'],
  ['webhook-timestamp', '999999999999', 'from-the-future'],
  ['webhook-timestamp', '0', 'too-old'],
  ['webhook-signature', '', 'no-match'],
  ['webhook-signature', 'v1', 'no-match'],
  ['webhook-signature', 'v1,', 'no-match'],
  ['webhook-signature', 'v1,v1,v1,', 'no-match'],
  ['webhook-signature', 'v1,\u0000\ud800', 'no-match'],
  ['webhook-signature', ['v1,a'], 'malformed-header'],
  ['webhook-signature', 'v1,x '.repeat(1000), 'malformed-header'],
])('%s: %j is refused as %s', (name, value, reason) => {
  expect(verifyWebhook(delivery({ headers: { [name]: value } }))).toEqual({ isValid: false, reason })
})

test.each([
  ['V1', 'no-match'],
  ['v1a', 'no-match'],
  ['v10', 'no-match'],
  [' v1', null],
])('the right signature under the label %j: %s', (label, reason) => {
  const { headers, ...rest } = delivery()
  const relabeled = String(headers['webhook-signature']).replace('v1', label)
  const verdict = verifyWebhook({ ...rest, headers: { ...headers, 'webhook-signature': relabeled } })
  expect(verdict).toMatchObject(reason === null ? { isValid: true } : { isValid: false, reason })
})

test('other spellings of the same signature are refused: a sender has one', () => {
  const { headers, ...rest } = delivery()
  const right = String(headers['webhook-signature'])
  const spelled = [
    right.replace(/=$/, ''),
    right.replace(/.=$/, (end) => `${String.fromCharCode(end.charCodeAt(0) + 1)}=`),
    right.replaceAll('+', '-').replaceAll('/', '_'),
    `v1,${Buffer.from(right.slice(3), 'base64').toString('hex')}`,
  ].filter((spelling) => spelling !== right)
  expect(spelled.length).toBeGreaterThanOrEqual(3)
  // Control: the first two say the same bytes.
  for (const one of spelled.slice(0, 2)) {
    expect(Buffer.from(one.slice(3), 'base64')).toEqual(Buffer.from(right.slice(3), 'base64'))
  }
  for (const one of spelled) {
    expect(verifyWebhook({ ...rest, headers: { ...headers, 'webhook-signature': one } }).isValid).toBe(false)
  }
})

test('an id with a dot is refused, for what is signed could be cut at another one', () => {
  const { headers: _, ...rest } = delivery()
  const headers = signed({ id: 'msg_1.1749386120', seconds: nowMs / 1000 })
  expect(verifyWebhook({ ...rest, headers })).toEqual({ isValid: false, reason: 'malformed-header' })
})

test.each([
  '',
  'whsec_',
  'whsec_%%%',
  'whsec_AAAA',
  ' ',
  `whsec_${'A'.repeat(28)}`,
  'whsec_C2FVsBQI=hrscChlQIMV+b5sSYspob7oD',
])('the secret %j is none', (text) => {
  expect(readWebhookSecret(text)).toBeNull()
})

/** The gate's share of the mutations; WEBHOOK_MUTATIONS=1000000 for a longer look. */
const mutations = Number(process.env.WEBHOOK_MUTATIONS ?? 100_000)

test(`of ${mutations} deliveries that were changed in id, time, body or matching signature none is accepted, and none throws`, () => {
  const random = seededRandom(5)
  const right = delivery()
  const changed: Record<string, number> = {}
  const accepted: unknown[] = []
  for (let count = 0; count < mutations; count++) {
    const mutation = mutateDelivery(right, random)
    changed[mutation.part] = (changed[mutation.part] ?? 0) + 1
    if (verifyWebhook({ ...right, ...mutation.delivery }).isValid) accepted.push(mutation)
  }
  expect(accepted).toEqual([])
  // Control: each part had its share, and the delivery they were made of is good.
  for (const part of ['id', 'timestamp', 'body', 'signature']) {
    expect(changed[part]).toBeGreaterThan(mutations / 5)
  }
  expect(verifyWebhook(right).isValid).toBe(true)
})
