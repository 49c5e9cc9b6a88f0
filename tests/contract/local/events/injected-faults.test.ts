import { createClock, createManualClock } from '#local/clock.ts'
import { createEventDelivery, type EventDelivery, type EventDeliveryOptions } from '#local/events/delivery.ts'
import { type Receiver, type Reply, startReceiver, until } from '../../../support/receiver.ts'
import { objectChange } from './changes.ts'

let reply: (count: number) => Reply | Promise<Reply>
let receiver: Receiver
let delivery: EventDelivery

beforeEach(async () => {
  reply = () => 204
  receiver = await startReceiver((_, count) => reply(count))
})
afterEach(async () => {
  await delivery.close()
  await receiver.close()
})

function start(options: Partial<EventDeliveryOptions> = {}): void {
  const trigger = {
    name: 'uploads',
    type: 'google.cloud.storage.object.v1.finalized',
    bucket: 'uploads',
    url: receiver.url,
  } as const
  delivery = createEventDelivery({ dataDir: null, triggers: [trigger], clock: createClock(1_000), ...options })
}

const subjects = () => receiver.received.map(({ headers }) => String(headers['ce-subject']).replace('objects/', ''))

test('duplicate: an acknowledged event comes once more', async () => {
  start()
  const fault = delivery.inject({ kind: 'duplicate' })
  delivery.publishObject(objectChange('a'))
  await delivery.idle()
  expect(subjects()).toEqual(['a', 'a'])
  expect(fault.fired).toBe(1)
  delivery.publishObject(objectChange('b'))
  await delivery.idle()
  expect(subjects()).toEqual(['a', 'a', 'b'])
  delivery.assertAllFired()
})

test('concurrent-duplicates: the copies are open at one moment, and all must acknowledge', async () => {
  const all = Promise.withResolvers<void>()
  reply = async (count) => {
    if (count === 20) all.resolve()
    await all.promise
    return count === 20 ? 503 : 204
  }
  start()
  delivery.inject({ kind: 'concurrent-duplicates', copies: 20 })
  delivery.publishObject(objectChange('a'))
  await delivery.idle()
  expect(subjects()).toEqual(Array.from({ length: 21 }, () => 'a'))
  expect(new Set(receiver.received.map(({ headers }) => headers['ce-id'])).size).toBe(1)
  delivery.assertAllFired()
})

test('reorder: a later event overtakes an earlier one', async () => {
  start()
  delivery.inject({ kind: 'reorder', match: ({ attributes }) => attributes.subject === 'objects/first' })
  delivery.publishObject(objectChange('first'))
  delivery.publishObject(objectChange('second'))
  await delivery.idle()
  expect(subjects()).toEqual(['second', 'first'])
  delivery.assertAllFired()
})

test('reorder without a later event delivers the event and says that it never fired', async () => {
  start()
  const fault = delivery.inject({ kind: 'reorder' })
  delivery.publishObject(objectChange('alone'))
  await delivery.idle()
  expect(subjects()).toEqual(['alone'])
  expect(fault.fired).toBe(0)
  expect(() => delivery.assertAllFired()).toThrow('reorder (0 of 1)')
})

test('delay: an event comes that much later', async () => {
  const clock = createManualClock(0)
  start({ clock })
  delivery.inject({ kind: 'delay', delayMs: 5_000 })
  delivery.publishObject(objectChange('a'))
  await until(() => clock.waiting() === 1)
  clock.advance(4_999)
  expect(clock.waiting()).toBe(1)
  expect(receiver.received).toEqual([])
  clock.advance(1)
  await delivery.idle()
  expect(subjects()).toEqual(['a'])
  delivery.assertAllFired()
})

test('lost-answer: the service did it, and is asked again', async () => {
  start()
  delivery.inject({ kind: 'lost-answer', times: 2 })
  delivery.publishObject(objectChange('a'))
  await delivery.idle()
  expect(subjects()).toEqual(['a', 'a', 'a'])
  delivery.assertAllFired()
})

test('lost-answer waits for an answer that can be lost', async () => {
  reply = (count) => (count === 1 ? 500 : 204)
  start()
  delivery.inject({ kind: 'lost-answer' })
  delivery.publishObject(objectChange('a'))
  await delivery.idle()
  expect(subjects()).toEqual(['a', 'a', 'a'])
  delivery.assertAllFired()
})

test('server-error: the service sees nothing until the platform lets it through', async () => {
  const clock = createManualClock(0)
  start({ clock })
  const fault = delivery.inject({ kind: 'server-error', times: 1 })
  delivery.publishObject(objectChange('a'))
  await until(() => delivery.pending()[0]?.lastAnswer === '503 (injected server-error)')
  expect(receiver.received).toEqual([])
  expect(fault.fired).toBe(1)
  clock.advance(10_000)
  await delivery.idle()
  expect(subjects()).toEqual(['a'])
})

test('a fault that matched nothing fails the test that asked for it', () => {
  start()
  delivery.inject({ kind: 'duplicate', match: () => false })
  delivery.inject({ kind: 'lost-answer', times: 3 })
  expect(() => delivery.assertAllFired()).toThrow('duplicate (0 of 1), lost-answer (0 of 3)')
  expect(delivery.faults().map(({ fault }) => fault.kind)).toEqual(['duplicate', 'lost-answer'])
})
