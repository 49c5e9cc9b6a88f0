import { type Logger, silentLogger } from '#shared/logging/logger.ts'
import type { ObjectChange } from '../bucket/server.ts'
import { type Clock, createClock } from '../clock.ts'
import type { DocumentChange } from '../documents/server.ts'
import { type SendRequest, sendRequest } from '../send-request.ts'
import { type DeadLetter, listDeadLetters, listPending, type PendingEvent } from './delivery-report.ts'
import { createFaults, type InjectedFault, type Injection } from './faults.ts'
import { createHoldBack } from './hold-back.ts'
import { createIds } from './ids.ts'
import { createInFlightLimit } from './in-flight-limit.ts'
import { freshProgress, type Message, openMessageStore } from './message.ts'
import { liveMessage, type MessageLifeContext } from './message-life.ts'
import { documentEvent, isTooLarge, type OutgoingEvent, objectEvent } from './outgoing-event.ts'
import { compileTrigger, type Trigger, wantsObject } from './trigger.ts'

export interface EventDeliveryOptions {
  /** The folder of the queue's files; null keeps it in memory. */
  dataDir: string | null
  triggers: readonly Trigger[]
  clock?: Clock
  /** Default 10 s, as Eventarc's subscriptions have it; our deployment sets 600 s. */
  ackDeadlineMs?: number
  /** Attempts after which a message is a dead letter. Default 100, as our deployment sets it. */
  maxDeliveryAttempts?: number
  /** How long a message is tried, in waiting time. Default 24 h. */
  retentionMs?: number
  /** Requests open at a time to one trigger's service. */
  maxInFlight?: number
  /** Gives the OIDC token for an audience (the service's origin); without it the pushes carry none. */
  authorization?: (audience: string) => Promise<string>
  send?: SendRequest
  random?: () => number
  log?: Logger
}

/** What Eventarc is to the cloud: changes go in, requests to the services come out, at least once and in no order. */
export interface EventDelivery {
  /** Queues the events of a change; they are on disk when it returns. */
  publishObject(change: ObjectChange): void
  publishDocument(change: DocumentChange): void
  /** Makes something go wrong on the way; the answer counts how often it did. */
  inject(injection: Injection): InjectedFault
  faults(): InjectedFault[]
  /** Throws an Error that names every injected fault that did not fire as often as asked. */
  assertAllFired(): void
  /** Queued, waiting for a retry or in flight. */
  pending(): PendingEvent[]
  deadLetters(): DeadLetter[]
  /** Tries one dead letter again, or all of them, from the first attempt. Returns how many. */
  replay(id?: string): number
  /** Resolves when nothing is queued and no request is open, also none that ran into its ack deadline. */
  idle(): Promise<void>
  /** Ends the requests and closes the queue; what was not acknowledged is delivered after the next start. */
  close(): Promise<void>
}

/** Starts event delivery; what an earlier run left in `dataDir` is delivered at once. Throws for a bad trigger. */
export function createEventDelivery(options: EventDeliveryOptions): EventDelivery {
  const { triggers, clock = createClock(), random = Math.random, log = silentLogger, maxInFlight = 64 } = options
  const routes = triggers.map((trigger) => ({
    trigger,
    wantsDocument: 'bucket' in trigger ? null : compileTrigger(trigger),
    withPlace: createInFlightLimit(maxInFlight),
  }))
  const ids = createIds(random)
  const faults = createFaults()
  const store = openMessageStore(options.dataDir)
  const stop = new AbortController()
  const running = new Set<Promise<unknown>>()
  const changed = new EventTarget()
  const announce = (): boolean => changed.dispatchEvent(new Event('change'))
  const holdBack = createHoldBack(announce)
  let sequence = 0

  const track = (work: Promise<unknown>): void => {
    running.add(work)
    const settled = (): void => {
      running.delete(work)
      announce()
    }
    work.then(settled, settled)
  }
  const context: MessageLifeContext = {
    store,
    clock,
    faults,
    holdBack,
    send: options.send ?? sendRequest,
    authorization: options.authorization ?? null,
    ackDeadlineMs: options.ackDeadlineMs ?? 10_000,
    maxDeliveryAttempts: options.maxDeliveryAttempts ?? 100,
    retentionMs: options.retentionMs ?? 24 * 3_600_000,
    signal: stop.signal,
    log,
    track,
  }
  const start = (message: Message): void => {
    const route = routes.find(({ trigger }) => trigger.name === message.trigger)
    if (route === undefined) {
      // A trigger that is deleted takes its subscription and what waits in it along.
      log.warn('An event is dropped, since its trigger is gone.', { trigger: message.trigger })
      store.messages.delete(message.id)
      return
    }
    sequence += 1
    const { trigger, withPlace } = route
    track(
      liveMessage(context, { message, trigger, sequence, withPlace }).catch((error: unknown) => {
        if (!stop.signal.aborted) log.error('Event delivery failed.', { error, trigger: trigger.name })
      }),
    )
  }
  const publish = (trigger: Trigger, event: OutgoingEvent, id: string): void => {
    const message: Message = { id, trigger: trigger.name, publishedAtMs: clock.now(), event }
    store.messages.put(id, message)
    if (!isTooLarge(event)) {
      start(message)
      return
    }
    const dead = { reason: 'too-large', atMs: clock.now() } as const
    store.progress.put(id, { ...freshProgress(clock.now()), dead })
    log.warn('Eventarc would drop this event: it is larger than 512 KB.', {
      trigger: trigger.name,
      event: event.attributes.id,
    })
  }

  for (const [id, message] of store.messages.entries()) {
    if (store.progress.get(id)?.dead == null) start(message)
  }
  return {
    publishObject(change) {
      for (const { trigger } of routes) {
        if (!wantsObject(trigger, change)) continue
        const id = ids.messageId()
        publish(trigger, objectEvent(trigger, change, { id, nowMs: clock.now() }), id)
      }
    },
    publishDocument(change) {
      for (const { trigger, wantsDocument } of routes) {
        if ('bucket' in trigger || wantsDocument?.(change) !== true) continue
        publish(trigger, documentEvent(trigger, change, { id: ids.uuid() }), ids.messageId())
      }
    },
    inject: faults.inject,
    faults: faults.list,
    assertAllFired: faults.assertAllFired,
    pending: () => listPending(store),
    deadLetters: () => listDeadLetters(store, triggers),
    replay(id) {
      const letters = listDeadLetters(store, triggers).filter((letter) => id === undefined || letter.id === id)
      for (const letter of letters) {
        const message = store.messages.get(letter.id)
        if (message === undefined || letter.reason === 'too-large') continue
        store.progress.put(letter.id, freshProgress(clock.now()))
        start(message)
      }
      return letters.filter((letter) => letter.reason !== 'too-large').length
    },
    async idle() {
      while (running.size > 0) {
        // Those held back for a later event would wait for ever once nothing else moves.
        if (holdBack.size === running.size) holdBack.releaseAll()
        await new Promise((resolve) => changed.addEventListener('change', resolve, { once: true }))
      }
    },
    async close() {
      if (stop.signal.aborted) return
      stop.abort(new Error('Event delivery is closing.'))
      await Promise.allSettled(running)
      store.close()
    },
  }
}
