import { setImmediate as nextTurn } from 'node:timers/promises'
import { LOCAL_WEBHOOK_SECRET } from '#local/replicate/account.ts'
import type { ReplicateFault } from '#local/replicate/faults.ts'
import { readWebhookSecret, verifyWebhook } from '#shared/replicate/webhook-signature.ts'
import {
  type Received,
  type Receiver,
  type Reply,
  startReceiver,
  until as untilSoon,
} from '../../../support/receiver.ts'
import { destination, type Json, startTrainings, type TrainingStandIn } from '../../../support/training-stand-in.ts'

const ALL = ['start', 'output', 'logs', 'completed']
const ANOTHER_SECRET = `whsec_${Buffer.alloc(24, 7).toString('base64')}`

let world: TrainingStandIn
let receiver: Receiver
let reply: (request: Received, count: number) => Reply
beforeEach(async () => {
  reply = () => 204
  receiver = await startReceiver((request, count) => reply(request, count))
  world = await startTrainings({ queueMs: 0, runMs: 0 })
})
afterEach(async () => {
  world.assertAllFired()
  await world.close()
  await receiver.close()
})

const inject = (fault: ReplicateFault, times = 1) => world.inject({ fault, times })
const bodies = (): Json[] => receiver.received.map(({ body }) => JSON.parse(body.toString('utf8')))
const statuses = () => bodies().map(({ status }) => status)
const isSigned = (request: Received, secret = LOCAL_WEBHOOK_SECRET) => {
  const keys = [readWebhookSecret(secret)!]
  return verifyWebhook({ headers: request.headers, body: request.body, keys, nowMs: world.clock.now() }).isValid
}

/** A training to its end, and its first tries. */
async function run(events: string[] = ALL): Promise<Json> {
  const { id } = await world.train({ webhook: `${receiver.url}/hook?job=7`, webhook_events_filter: events })
  const done = await world.finish(id)
  await settled()
  return done
}
/** What is due is sent: a turn for the waits that have just ended, then the deliveries. */
async function settled(): Promise<void> {
  await nextTurn()
  await world.webhooksSent()
}
/** Moves the clock on until so many requests have come. */
async function untilReceived(count: number): Promise<void> {
  await untilSoon(() => {
    if (receiver.received.length >= count) return true
    world.clock.advance(500)
    return false
  })
  await settled()
}

describe('webhooks of a training', () => {
  test('tell its start, its progress, its output and its end, in order and signed', async () => {
    const { id } = await world.train({ webhook: `${receiver.url}/hook?job=7`, webhook_events_filter: ALL })
    for (let count = 0; count < 21; count++) {
      await settled()
      world.clock.advance(1000)
    }
    await settled()
    const done = await world.read(`/trainings/${id}`)
    expect(world.webhooks.map(({ event }) => event)).toEqual([
      'start',
      'logs',
      'logs',
      'logs',
      'logs',
      'output',
      'completed',
    ])
    expect(receiver.received.every((request) => isSigned(request))).toBe(true)
    expect(receiver.received[0]).toMatchObject({
      method: 'POST',
      url: '/hook?job=7',
      headers: { 'content-type': 'application/json', 'user-agent': expect.stringMatching(/^Webhooks\/1\.66\.0/) },
    })
    expect(bodies()[0]).toMatchObject({ status: 'processing', logs: '', output: null })
    expect(String(bodies()[2]?.logs).trim().split('\n')).toHaveLength(2)
    expect(bodies().at(-2)).toMatchObject({ status: 'processing', output: done.output })
    const { urls, webhook_completed: _, ...object } = done
    const webhook = `${receiver.url}/hook?job=7`
    expect(bodies().at(-1)).toEqual({
      ...object,
      webhook,
      webhook_events_filter: ALL,
      urls: {
        get: `${world.url}/v1/predictions/${done.id}`,
        cancel: `${world.url}/v1/predictions/${done.id}/cancel`,
      },
    })
    expect(urls).toMatchObject({ get: `${world.url}/v1/trainings/${done.id}` })
  })

  test.each([
    [undefined, ['output', 'completed']],
    [['completed'], ['completed']],
    [
      ['start', 'completed'],
      ['start', 'completed'],
    ],
  ])('with the filter %j are those of %j', async (webhook_events_filter, events) => {
    const rest = webhook_events_filter === undefined ? {} : { webhook_events_filter }
    await world.finish((await world.train({ webhook: receiver.url, ...rest })).id)
    await settled()
    expect(world.webhooks.map(({ event }) => event)).toEqual(events)
  })

  test('hold escapes that writing their JSON again would lose', async () => {
    const input = { input_images: world.datasetUrl, trigger_word: '<TOK> & co', steps: 100, lora_rank: 2 }
    await world.finish((await world.train({ webhook: receiver.url, input })).id)
    await settled()
    const raw = receiver.received[0]!.body
    expect(raw.toString('utf8')).toContain('\\u003cTOK\\u003e \\u0026 co')
    expect(isSigned(receiver.received[0]!)).toBe(true)
    const again = Buffer.from(JSON.stringify(JSON.parse(raw.toString('utf8'))))
    expect(isSigned({ ...receiver.received[0]!, body: again })).toBe(false)
  })

  test('tell no progress twice within half a second', async () => {
    await world.close()
    world = await startTrainings({ trainingTimes: { queueMs: 0, runMs: 1500 } })
    await world.train({ webhook: receiver.url, webhook_events_filter: ALL })
    await settled()
    // A line each 300 ms, and the output after another.
    for (let count = 0; count < 15; count++) {
      world.clock.advance(100)
      await settled()
    }
    const told = bodies().map(({ status, output, logs }) => [
      status,
      output !== null,
      String(logs).split('\n').length - 1,
    ])
    expect(told).toEqual([
      ['processing', false, 0],
      ['processing', false, 1],
      ['processing', false, 3],
      ['processing', true, 4],
      ['succeeded', true, 4],
    ])
  })

  test('end the same way for one that is canceled', async () => {
    const { id } = await world.train({ webhook: receiver.url })
    await world.send('POST', `/trainings/${id}/cancel`)
    await settled()
    expect(bodies()).toMatchObject([{ id, status: 'canceled', output: null }])
  })

  test.each<[name: string, refuse: Reply]>([
    ['500', 500],
    ['401', 401],
    ['a redirect, which is not followed', 302],
    ['no answer', 'hang up'],
  ])(
    'are repeated for the end alone, over a minute at growing pauses, where the answer is %s',
    async (_name, refuse) => {
      reply = () => refuse
      await run(['start', 'completed'])
      expect(statuses()).toEqual(['processing', 'succeeded'])
      const pauses = [1000, 2000, 4000, 8000, 16_000, 30_000]
      for (const [index, pauseMs] of pauses.entries()) {
        world.clock.advance(pauseMs - 1)
        await settled()
        expect(receiver.received).toHaveLength(index + 2)
        world.clock.advance(1)
        await settled()
        expect(receiver.received).toHaveLength(index + 3)
      }
      world.clock.advance(3_600_000)
      await settled()
      const tries = receiver.received.slice(1)
      expect(tries).toHaveLength(7)
      expect(new Set(tries.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
      expect(new Set(tries.map(({ body }) => body.toString())).size).toBe(1)
      expect(new Set(tries.map(({ headers }) => headers['webhook-signature'])).size).toBe(7)
      const timestamps = tries.map(({ headers }) => Number(headers['webhook-timestamp']))
      expect(timestamps.map((at) => at - timestamps[0]!)).toEqual([0, 1, 3, 7, 15, 31, 61])
      expect(world.webhooks.slice(1).map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4, 5, 6, 7])
    },
  )

  test('are repeated no more once the end was taken', async () => {
    reply = (_request, count) => (count < 3 ? 503 : 200)
    await run(['completed'])
    await untilReceived(3)
    world.clock.advance(3_600_000)
    await settled()
    expect(world.webhooks.map(({ status }) => status)).toEqual([503, 503, 200])
  })

  test('are signed with the secret that the API tells, which can be changed', async () => {
    expect(await world.read('/webhooks/default/secret')).toEqual({ key: LOCAL_WEBHOOK_SECRET })
    world.rotateWebhookSecret(ANOTHER_SECRET)
    expect(await world.read('/webhooks/default/secret')).toEqual({ key: ANOTHER_SECRET })
    await run(['completed'])
    const [request] = receiver.received
    expect([isSigned(request!), isSigned(request!, ANOTHER_SECRET)]).toEqual([false, true])
    expect((await world.send('GET', '/webhooks/default/secret', undefined, { authorization: '' })).status).toBe(401)
  })
})

test('a prediction has webhooks too', async () => {
  const { version } = (await world.finish((await world.train()).id)).output as { version: string }
  const order = { webhook: receiver.url, webhook_events_filter: ALL }
  await world.send('POST', '/predictions', { version, input: { prompt: 'x' }, ...order }, { prefer: 'wait' })
  await settled()
  expect(world.webhooks.map(({ event }) => event)).toEqual(['start', 'output', 'completed'])
  expect(bodies().at(-1)).toMatchObject({ status: 'succeeded', output: [expect.stringContaining('/delivery/')] })
})

test.each([
  [true, true],
  [false, false],
])('reading a run shows its webhook only where that is so (%s)', async (showsWebhooks, isShown) => {
  await world.close()
  world = await startTrainings({ showsWebhooks })
  const { id, webhook } = await world.train({ webhook: receiver.url, webhook_events_filter: ['completed'] })
  expect(webhook).toBe(receiver.url)
  const { results } = (await world.read('/trainings')) as { results: Json[] }
  const shown = isShown ? { webhook: receiver.url, webhook_events_filter: ['completed'] } : {}
  for (const run of [results[0]!, await world.read(`/trainings/${id}`)]) {
    const { webhook, webhook_events_filter } = run
    expect(JSON.parse(JSON.stringify({ webhook, webhook_events_filter }))).toEqual(shown)
  }
})

describe('faults of webhooks', () => {
  const events = ['start', 'output', 'completed']

  test('one is lost, even the last, which is then not repeated', async () => {
    inject({ kind: 'webhook-lost', event: 'completed' })
    const { status } = await run(events)
    world.clock.advance(3_600_000)
    await settled()
    expect([status, statuses()]).toEqual(['succeeded', ['processing', 'processing']])
    expect(await world.read(`/models/${destination}`)).toMatchObject({ latest_version: { id: expect.any(String) } })
  })

  test('one comes several times, with one id', async () => {
    inject({ kind: 'webhook-copies', event: 'completed', copies: 3 })
    await run(['completed'])
    expect(statuses()).toEqual(['succeeded', 'succeeded', 'succeeded'])
    expect(new Set(receiver.received.map(({ headers }) => headers['webhook-id'])).size).toBe(1)
    expect(receiver.received.every((request) => isSigned(request))).toBe(true)
  })

  test('one comes late, with what was true before, and freshly signed', async () => {
    inject({ kind: 'webhook-late', event: 'start', seconds: 400 })
    await run(events)
    expect(statuses()).toEqual(['processing', 'succeeded'])
    world.clock.advance(400_000)
    await untilSoon(() => receiver.received.length === 3)
    expect(bodies().at(-1)).toMatchObject({ status: 'processing', output: null })
    expect(isSigned(receiver.received.at(-1)!)).toBe(true)
  })

  test.each([
    [undefined, ['output', 'start', 'completed']],
    ['completed', ['output', 'completed', 'start']],
  ] as const)('one comes behind the next, or behind the one that is named (%s)', async (behind, order) => {
    inject({ kind: 'webhook-reordered', event: 'start', behind })
    await run(events)
    expect(world.webhooks.map(({ event }) => event)).toEqual(order)
  })

  test.each(['secret', 'body', 'old'] as const)(
    'one has a wrong signature (%s); its repetition is right',
    async (how) => {
      reply = (request) => (isSigned(request) ? 204 : 401)
      inject({ kind: 'webhook-forged', event: 'completed', how })
      await run(['completed'])
      await untilReceived(2)
      expect(world.webhooks.map(({ status, fault }) => [status, fault])).toEqual([
        [401, 'webhook-forged'],
        [204, 'webhook-forged'],
      ])
    },
  )

  test('one comes before its creation is answered', async () => {
    await world.close()
    world = await startTrainings({ trainingTimes: { queueMs: 0 } })
    world.inject({ fault: { kind: 'late-answer', ms: 150 }, times: 1, endpoint: 'train' })
    let isAnswered = false
    const creating = world.train({ webhook: receiver.url, webhook_events_filter: ['start'] }).then((body) => {
      isAnswered = true
      return body
    })
    await untilSoon(() => receiver.received.length === 1)
    expect(isAnswered).toBe(false)
    expect(bodies()[0]).toMatchObject({ id: (await creating).id, status: 'processing' })
  })

  test('a lost creation can be silent', async () => {
    world.inject({ fault: { kind: 'lost-answer', isSilent: true }, times: 1, endpoint: 'train' })
    await expect(world.train({ webhook: receiver.url, webhook_events_filter: ALL })).rejects.toThrow()
    const { runId } = world.requests.findLast(({ endpoint }) => endpoint === 'train')!
    expect(await world.finish(runId)).toMatchObject({ status: 'succeeded' })
    await settled()
    expect(receiver.received).toEqual([])
  })

  test('a fault waits for the webhook that it is about', async () => {
    inject({ kind: 'webhook-lost', event: 'logs' })
    await run(['completed'])
    expect(() => world.assertAllFired()).toThrow('webhook-lost (0 of 1)')
    await run(ALL)
    expect(world.webhooks.filter(({ event }) => event === 'logs')).toHaveLength(3)
  })
})
