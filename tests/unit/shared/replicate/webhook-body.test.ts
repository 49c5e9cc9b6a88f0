import { readFileSync } from 'node:fs'
import { isTerminal } from '#shared/replicate/prediction.ts'
import { readTrainingResult } from '#shared/replicate/training-result.ts'
import { readWebhookBody } from '#shared/replicate/webhook-body.ts'
import { webhookUrl } from '#shared/replicate/webhook-url.ts'

const read = (name: string) => readFileSync(`tests/fixtures/replicate/${name}`)
const constructed: { cases: { case: string; body: Record<string, unknown> }[] } = JSON.parse(
  read('webhook.training-constructed.json').toString('utf8'),
)

test.each(constructed.cases.map((one) => [one.case, one.body] as const))(
  'the constructed training "%s" is read for what it says',
  (name, body) => {
    const update = readWebhookBody(Buffer.from(JSON.stringify(body)))
    const status = name === 'unknown-status' ? 'unknown' : body.status
    expect(update).toMatchObject({ id: body.id, status, error: body.error, isDataRemoved: body.data_removed })
    expect(isTerminal(update)).toBe(name !== 'unknown-status')
    expect(update.kind).toBe(name === 'succeeded' ? 'training' : null)
    const { version, weightsUrl } = readTrainingResult(update.output, { owner: 'o', name: 'n' })
    expect([version === null, weightsUrl === null]).toEqual(name === 'succeeded' ? [false, false] : [true, true])
  },
)

test('recorded payloads of a training that starts and a prediction that ends', () => {
  expect(readWebhookBody(read('webhook.training-start.json'))).toMatchObject({
    id: 'qy2dts8twsrj20cjjnc87atzd0',
    status: 'processing',
    createdAt: new Date('2024-10-16T12:40:32.230Z'),
    startedAt: new Date('2024-10-16T12:46:40.156Z'),
    owner: null,
    kind: null,
  })
  expect(readWebhookBody(read('webhook.prediction-succeeded.json'))).toMatchObject({ status: 'succeeded', owner: null })
})

test('the record is named by our URL in the body, and with it the kind', () => {
  const owner = { kind: 'prediction', jobId: 'gen-3' } as const
  const webhook = webhookUrl('https://hooks.example.test', owner)
  const body = { id: 'abc', status: 'processing', webhook, output: { weights: 'x' } }
  expect(readWebhookBody(Buffer.from(JSON.stringify(body)))).toMatchObject({ owner, kind: 'prediction' })
})

test('of a key that is there twice the last counts, and escapes, exponents and views into a buffer are read', () => {
  const text =
    '{"id":"abc","status":"starting","status":"failed","error":"\\u003cb\\u003e","metrics":{"predict_time":3e-06}}'
  const pool = Buffer.from(`####${text}####`)
  const view = new Uint8Array(pool.buffer, pool.byteOffset + 4, text.length)
  expect(readWebhookBody(view)).toMatchObject({ status: 'failed', error: '<b>', predictSeconds: 3e-6 })
  // A recorded body with the key `model` twice, in a field that runs don't have.
  const recorded = JSON.parse(read('prediction.duplicate-key-body.txt').toString('utf8'))
  expect(readWebhookBody(Buffer.from(JSON.stringify({ ...recorded, status: 'processing' })))).toMatchObject({
    id: recorded.id,
    status: 'processing',
  })
})

test.each(['', '{', 'null', '[]', '7', '"x"', '{"id":"abc"}', '{"id":"","status":"failed"}', '\xff\xfe'])(
  'a body %j is refused with its own code',
  (body) => {
    expect(() => readWebhookBody(Buffer.from(body, 'latin1'))).toThrow(
      expect.objectContaining({ code: 'replicate.bad-webhook', retryable: false }),
    )
  },
)
