import { spawn } from 'node:child_process'
import { once } from 'node:events'
import { mkdtempSync, rmSync } from 'node:fs'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createClock, createManualClock } from '#local/clock.ts'
import { createEventDelivery, type EventDelivery, type EventDeliveryOptions } from '#local/events/delivery.ts'
import type { StorageTrigger } from '#local/events/trigger.ts'
import { parseCloudEvent } from '#shared/events/parse-cloud-event.ts'
import { type Receiver, type Reply, startReceiver, until } from '../../../support/receiver.ts'
import { documentChange, objectChange } from './changes.ts'

const SECOND = 1_000
const FAST = createClock(1_000)

let reply: (count: number) => Reply | Promise<Reply>
let receiver: Receiver
let dataDir: string
const open: EventDelivery[] = []

beforeEach(async () => {
  reply = () => 204
  receiver = await startReceiver((_, count) => reply(count))
  dataDir = mkdtempSync(join(tmpdir(), 'events-'))
})
afterEach(async () => {
  await Promise.all(open.splice(0).map((delivery) => delivery.close()))
  await receiver.close()
  rmSync(dataDir, { recursive: true })
})

function start(options: Partial<EventDeliveryOptions> = {}): EventDelivery {
  const trigger: StorageTrigger = {
    name: 'uploads',
    type: 'google.cloud.storage.object.v1.finalized',
    bucket: 'uploads',
    url: receiver.url,
  }
  const delivery = createEventDelivery({ dataDir: null, triggers: [trigger], clock: FAST, ...options })
  open.push(delivery)
  return delivery
}

test.each([200, 201, 202, 204])('the answer %d acknowledges', async (status) => {
  reply = () => status
  const delivery = start()
  delivery.publishObject(objectChange('x'))
  await delivery.idle()
  expect(receiver.received).toHaveLength(1)
})

test.each<Reply>([203, 206, 302, 400, 404, 409, 429, 500, 503, 'hang up'])(
  'after the answer %s the same event is sent again',
  async (status) => {
    reply = (count) => (count === 1 ? status : 204)
    const delivery = start()
    delivery.publishObject(objectChange('x'))
    await delivery.idle()
    expect(receiver.received).toHaveLength(2)
    const [first, second] = receiver.received
    expect(second?.headers['ce-id']).toBe(first?.headers['ce-id'])
    expect(second?.body).toEqual(first?.body)
  },
)

test('a service that is not there yet gets its events once it is', async () => {
  const late = await startReceiver()
  await late.close()
  const trigger = {
    name: 't',
    type: 'google.cloud.storage.object.v1.finalized',
    bucket: 'uploads',
    url: late.url,
  } as const
  const clock = createManualClock(0)
  const delivery = start({ triggers: [trigger], clock })
  delivery.publishObject(objectChange('x'))
  await until(() => delivery.pending()[0]?.lastAnswer?.includes('ECONNREFUSED') === true)
  expect(delivery.pending()[0]?.dueAt).toEqual(new Date(10 * SECOND))
})

test('the wait doubles from 10 s to 600 s', async () => {
  reply = () => 503
  const clock = createManualClock(0)
  const delivery = start({ clock })
  delivery.publishObject(objectChange('x'))
  const waits: number[] = []
  for (let attempt = 1; attempt <= 9; attempt += 1) {
    await until(
      () => delivery.pending()[0]?.attempts === attempt && delivery.pending()[0]!.dueAt.getTime() > clock.now(),
    )
    const waitMs = delivery.pending()[0]!.dueAt.getTime() - clock.now()
    waits.push(waitMs / SECOND)
    clock.advance(waitMs - 1)
    expect(receiver.received).toHaveLength(attempt)
    clock.advance(1)
  }
  expect(waits).toEqual([10, 20, 40, 80, 160, 320, 600, 600, 600])
})

test('past the ack deadline the event is sent again while the first request still runs', async () => {
  const finish = Promise.withResolvers<Reply>()
  reply = (count) => (count === 1 ? finish.promise : 204)
  const clock = createManualClock(0)
  const delivery = start({ clock, ackDeadlineMs: 600 * SECOND })
  delivery.publishObject(objectChange('x'))
  await until(() => receiver.received.length === 1)
  clock.advance(600 * SECOND - 1)
  expect(delivery.pending()[0]?.lastAnswer).toBeNull()
  clock.advance(1)
  await until(() => delivery.pending()[0]?.lastAnswer === 'no answer within 600000 ms')
  clock.advance(10 * SECOND)
  await until(() => delivery.pending().length === 0)
  expect(receiver.received).toHaveLength(2)

  let isIdle = false
  const idle = delivery.idle().then(() => {
    isIdle = true
  })
  await new Promise((resolve) => setImmediate(resolve))
  expect(isIdle).toBe(false)
  finish.resolve(204)
  await idle
})

test('after the last attempt an event is a dead letter that can be read and replayed', async () => {
  reply = () => 500
  const delivery = start({ maxDeliveryAttempts: 3, dataDir })
  delivery.publishObject(objectChange('poison'))
  await delivery.idle()
  expect(receiver.received).toHaveLength(3)
  const [letter] = delivery.deadLetters()
  expect(letter).toMatchObject({ trigger: 'uploads', reason: 'attempts', attempts: 3, lastAnswer: '500' })
  expect(parseCloudEvent(letter!.request)).toMatchObject({ kind: 'object-finalized', name: 'poison' })
  await delivery.close()

  const restarted = start({ maxDeliveryAttempts: 3, dataDir })
  await restarted.idle()
  expect(receiver.received).toHaveLength(3)
  expect(restarted.deadLetters()).toHaveLength(1)
  reply = () => 204
  expect(restarted.replay('no such id')).toBe(0)
  expect(restarted.replay(letter!.id)).toBe(1)
  await restarted.idle()
  expect(receiver.received).toHaveLength(4)
  expect(restarted.deadLetters()).toEqual([])
})

test('after its retention an event is a dead letter', async () => {
  reply = () => 503
  const clock = createManualClock(0)
  const delivery = start({ clock, retentionMs: 25 * SECOND })
  delivery.publishObject(objectChange('x'))
  await until(() => delivery.pending()[0]?.lastAnswer === '503')
  clock.advance(10 * SECOND)
  await until(() => delivery.pending()[0]?.dueAt.getTime() === 30 * SECOND)
  clock.advance(20 * SECOND)
  await until(() => delivery.deadLetters().length === 1)
  expect(delivery.deadLetters()[0]).toMatchObject({ reason: 'expired', attempts: 3 })
})

test('an event above 512 KB is not sent, and not lost silently', async () => {
  const trigger = {
    name: 'models',
    type: 'google.cloud.firestore.document.v1.written',
    documentPattern: '**',
    contentType: 'application/protobuf',
    url: receiver.url,
  } as const
  const delivery = start({ triggers: [trigger] })
  const big = 'x'.repeat(300_000)
  delivery.publishDocument(documentChange('a/big', { big }, { big, a: 'b' }, ['a']))
  delivery.publishDocument(documentChange('a/fits', null, { big }))
  await delivery.idle()
  expect(receiver.received.map(({ headers }) => headers['ce-document'])).toEqual(['a/fits'])
  expect(delivery.deadLetters()[0]).toMatchObject({ reason: 'too-large', attributes: { document: 'a/big' } })
  expect(delivery.replay()).toBe(0)
})

test('what was not acknowledged is delivered after a restart, in flight or waiting', async () => {
  const never = Promise.withResolvers<Reply>()
  reply = (count) => (count === 1 ? never.promise : 503)
  // Its clock is behind, so that what it puts off is due for the second one.
  const first = start({ dataDir, clock: createManualClock(Date.now() - 60 * SECOND) })
  first.publishObject(objectChange('in-flight'))
  await until(() => receiver.received.length === 1)
  first.publishObject(objectChange('waiting'))
  await until(() => first.pending().some(({ lastAnswer }) => lastAnswer === '503'))
  const ids = receiver.received.map(({ headers }) => headers['ce-id']).sort()
  // Not closed: a killed process does not close either, and everything is on disk by now.
  receiver.received.length = 0
  reply = () => 204
  const second = start({ dataDir })
  await second.idle()
  expect(receiver.received.map(({ headers }) => headers['ce-id']).sort()).toEqual(ids)
  expect(second.pending()).toEqual([])
  never.resolve(204)
})

test('not one event is lost when the process is killed right after publishing them', async () => {
  const script = join(import.meta.dirname, 'publish-and-die.ts')
  const child = spawn(process.execPath, [script, dataDir, receiver.url, '300'], { stdio: 'inherit' })
  const [, signal] = await once(child, 'exit')
  expect(signal).toBe('SIGKILL')
  const delivery = start({ dataDir })
  await delivery.idle()
  const subjects = new Set(receiver.received.map(({ headers }) => headers['ce-subject']))
  expect(subjects.size).toBe(300)
})

test('events of a trigger that is gone are dropped', async () => {
  reply = () => 503
  const first = start({ dataDir, clock: createManualClock(0) })
  first.publishObject(objectChange('x'))
  await until(() => first.pending()[0]?.lastAnswer === '503')
  await first.close()
  const second = start({ dataDir, triggers: [] })
  expect(second.pending()).toEqual([])
})

test('two hundred events at once all arrive, no more than allowed at a time', async () => {
  let openNow = 0
  let most = 0
  reply = async () => {
    openNow += 1
    most = Math.max(most, openNow)
    await new Promise((resolve) => setTimeout(resolve, 1))
    openNow -= 1
    return 204
  }
  const delivery = start({ maxInFlight: 8, dataDir })
  for (let index = 0; index < 200; index += 1) delivery.publishObject(objectChange(`object-${index}`))
  await delivery.idle()
  expect(new Set(receiver.received.map(({ headers }) => headers['ce-subject'])).size).toBe(200)
  expect(most).toBeLessThanOrEqual(8)
  expect(most).toBeGreaterThan(1)
})

test('an interim 102 acknowledges, and the request may go on', async () => {
  const server = createServer((_, response) => {
    response.writeProcessing()
    setTimeout(() => response.writeHead(500).end(), 50)
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  const delivery = start({
    triggers: [
      {
        name: 't',
        type: 'google.cloud.storage.object.v1.finalized',
        bucket: 'uploads',
        url: `http://127.0.0.1:${port}`,
      },
    ],
  })
  delivery.publishObject(objectChange('x'))
  await delivery.idle()
  expect(delivery.pending()).toEqual([])
  await new Promise((resolve) => server.close(resolve))
})
