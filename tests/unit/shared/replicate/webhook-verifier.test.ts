import { createHmac } from 'node:crypto'
import { createWebhookVerifier } from '#shared/replicate/webhook-verifier.ts'

const secretOf = (byte: number): string => `whsec_${Buffer.alloc(24, byte).toString('base64')}`
const startMs = 1_749_386_120_000
const body = Buffer.from('{"id":"abc","status":"succeeded"}')

function signed(secret: string, atMs: number) {
  const timestamp = String(Math.floor(atMs / 1000))
  const mac = createHmac('sha256', Buffer.from(secret.slice(6), 'base64'))
    .update(`msg_1.${timestamp}.`)
    .update(body)
  const signature = `v1,${mac.digest('base64')}`
  return { headers: { 'webhook-id': 'msg_1', 'webhook-timestamp': timestamp, 'webhook-signature': signature }, body }
}

/** A verifier whose account has the secrets that are given, one after the other; an error fails a look. */
function open(secrets: string[], account: (string | Error)[] | null) {
  let nowMs = startMs
  let looks = 0
  const verifier = createWebhookVerifier({
    secrets,
    now: () => nowMs,
    fetchSecret:
      account === null
        ? null
        : async () => {
            const answer = account[Math.min(looks++, account.length - 1)]
            if (typeof answer === 'string') return answer
            throw answer
          },
  })
  return {
    pass: (ms: number) => {
      nowMs += ms
    },
    looks: () => looks,
    verify: async (secret: string) => (await verifier.verify(signed(secret, nowMs))).isValid,
    verifier,
  }
}

test('configured secrets are taken without a look at the account, and there need not be one', async () => {
  const world = open([secretOf(1), secretOf(2)], [secretOf(3)])
  expect([await world.verify(secretOf(1)), await world.verify(secretOf(2)), world.looks()]).toEqual([true, true, 0])
  expect(await open([secretOf(1)], null).verify(secretOf(3))).toBe(false)
})

test('the account’s secret is fetched when it is needed, and kept', async () => {
  const world = open([], [secretOf(3)])
  expect([await world.verify(secretOf(3)), await world.verify(secretOf(3)), world.looks()]).toEqual([true, true, 1])
})

test('a rotation is noticed, the secret before it is good for another while, and none before that', async () => {
  const world = open([], [secretOf(1), secretOf(2), secretOf(3)])
  expect(await world.verify(secretOf(1))).toBe(true)
  world.pass(300_000)
  expect([await world.verify(secretOf(2)), await world.verify(secretOf(1))]).toEqual([true, true])
  world.pass(300_000)
  expect([await world.verify(secretOf(3)), await world.verify(secretOf(1))]).toEqual([true, false])
})

test('forged ones make it look once in five minutes, however many they are', async () => {
  const world = open([secretOf(1)], [secretOf(1)])
  const forged = Array.from({ length: 50 }, () => world.verify(secretOf(9)))
  expect(new Set(await Promise.all(forged))).toEqual(new Set([false]))
  world.pass(299_999)
  await world.verify(secretOf(9))
  expect(world.looks()).toBe(1)
  world.pass(1)
  await world.verify(secretOf(9))
  expect(world.looks()).toBe(2)
})

test('all that come while it looks are judged by what it finds', async () => {
  const world = open([], [secretOf(3)])
  const verdicts = await Promise.all([world.verify(secretOf(3)), world.verify(secretOf(3)), world.verify(secretOf(4))])
  expect([verdicts, world.looks()]).toEqual([[true, true, false], 1])
})

test('what is stale or malformed is not worth a look', async () => {
  const world = open([], [secretOf(3)])
  expect(await world.verifier.verify(signed(secretOf(3), startMs - 301_000))).toMatchObject({ reason: 'too-old' })
  expect(await world.verifier.verify({ headers: {}, body })).toMatchObject({ reason: 'missing-header' })
  expect(world.looks()).toBe(0)
})

test('a look that fails refuses where there are keys, and without any says so and may be repeated at once', async () => {
  const down = new Error('down')
  expect(await open([secretOf(1)], [down]).verify(secretOf(3))).toBe(false)
  const world = open([], [down, secretOf(3)])
  await expect(world.verify(secretOf(3))).rejects.toBe(down)
  expect(await world.verify(secretOf(3))).toBe(true)
})

test('a configured secret that is none stops the start', () => {
  expect(() => open([secretOf(1), 'whsec_'], null)).toThrow(
    expect.objectContaining({ code: 'replicate.bad-webhook-secret' }),
  )
})
