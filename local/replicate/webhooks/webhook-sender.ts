import { randomBytes } from 'node:crypto'
import type { Clock } from '../../clock.ts'
import { sendRequest } from '../../send-request.ts'
import { isWebhookFault, type ReplicateFault, type ReplicateFaults, type WebhookFault } from '../faults.ts'
import type { Run } from '../runs/runs.ts'
import type { WebhookEvent } from '../runs/webhook-order.ts'
import { signedHeaders } from './webhook-signing.ts'

/** One try of one delivery. */
export interface WebhookAttempt {
  runId: string
  event: WebhookEvent
  webhookId: string
  /** From 1, over the tries and copies of a delivery. */
  attempt: number
  /** The receiver's status; null where it gave none. */
  status: number | null
  /** What was done to it. */
  fault: WebhookFault['kind'] | null
}

/** Pauses before the repetitions of the last webhook: growing, and over about a minute after the end (contract §5). */
const RETRY_PAUSES_MS = [1_000, 2_000, 4_000, 8_000, 16_000, 30_000]
/** `output` and `logs` are told at most so often. */
const QUIET_MS = 500
/** "Within a few seconds", in real time: it is the receiver's. */
const ANSWER_WITHIN_MS = 10_000
const ANOTHER_SECRET = `whsec_${Buffer.alloc(24, 'another').toString('base64')}`

interface Delivery {
  run: Run
  event: WebhookEvent
  id: string
  body: Buffer
  fault: WebhookFault | null
  /** Counts the fault, once it has done its harm. */
  fire(): void
  tries: number
}

export interface WebhookSender {
  /** Tells an event of a run, where its creation asked for that. */
  notify(run: Run, event: WebhookEvent): void
  /** Resolves when nothing is under way; what waits on the clock is not. */
  sent(): Promise<void>
}

/**
 * Sends the webhooks of runs: each run's in order and one at a time, each with what was true when it happened. What is
 * not answered with 2xx is lost, but for the last one, which is repeated.
 */
export function createWebhookSender(options: {
  clock: Clock
  stopped: () => AbortSignal
  secret: () => string
  faults: ReplicateFaults
  bodyOf: (run: Run) => unknown
  attempts: WebhookAttempt[]
}): WebhookSender {
  const { clock, stopped, secret, faults, bodyOf, attempts } = options
  const told = new WeakMap<Run, number>()
  const lines = new WeakMap<Run, Promise<unknown>>()
  const held = new WeakMap<Run, Delivery[]>()
  const underWay = new Set<Promise<unknown>>()

  function track<T>(work: Promise<T>): Promise<T> {
    const over = work.finally(() => underWay.delete(over))
    underWay.add(over)
    return over
  }

  async function send(delivery: Delivery, url: string): Promise<boolean> {
    const { run, event, id, fault } = delivery
    delivery.tries += 1
    const how = fault?.kind === 'webhook-forged' && delivery.tries === 1 ? fault.how : null
    const atMs = clock.now() - (how === 'old' ? 3_600_000 : 0)
    const headers = signedHeaders({
      id,
      body: delivery.body,
      atMs,
      secret: how === 'secret' ? ANOTHER_SECRET : secret(),
    })
    const body = how === 'body' ? Buffer.concat([delivery.body, Buffer.from(' ')]) : delivery.body
    const signal = AbortSignal.any([stopped(), AbortSignal.timeout(ANSWER_WITHIN_MS)])
    const { status } = await sendRequest({ method: 'POST', url: new URL(url), headers, body }, signal)
    attempts.push({ runId: run.id, event, webhookId: id, attempt: delivery.tries, status, fault: fault?.kind ?? null })
    return status !== null && status >= 200 && status < 300
  }

  async function repeat(delivery: Delivery, url: string): Promise<void> {
    for (const pauseMs of RETRY_PAUSES_MS) {
      await clock.waitUntil(clock.after(pauseMs), stopped())
      if (await track(send(delivery, url))) return
    }
  }

  /** Its first try, or its copies; the repetitions go on beside what follows. */
  async function deliver(delivery: Delivery, url: string): Promise<void> {
    const { run, event, fault } = delivery
    const copies = fault?.kind === 'webhook-copies' ? fault.copies : 1
    for (let copy = 1; copy <= copies; copy++) {
      const isTaken = await send(delivery, url)
      if (!isTaken && event === 'completed' && copy === copies) repeat(delivery, url).catch(() => {})
    }
    const waiting = held.get(run) ?? []
    const due = waiting.filter(({ fault: why }) => why?.kind === 'webhook-reordered' && (why.behind ?? event) === event)
    held.set(
      run,
      waiting.filter((one) => !due.includes(one)),
    )
    for (const one of due) {
      one.fire()
      await deliver(one, url)
    }
  }

  function meet(delivery: Delivery, url: string): Promise<void> | undefined {
    const { run, fault } = delivery
    switch (fault?.kind) {
      case 'webhook-lost':
        delivery.fire()
        return
      case 'webhook-late':
        // Beside the others: they don't wait for it.
        clock
          .waitUntil(clock.after(fault.seconds * 1000), stopped())
          .then(() => {
            delivery.fire()
            return track(deliver(delivery, url))
          })
          .catch(() => {})
        return
      case 'webhook-reordered':
        held.set(run, [...(held.get(run) ?? []), delivery])
        return
      default:
        delivery.fire()
        return deliver(delivery, url)
    }
  }

  function notify(run: Run, event: WebhookEvent): void {
    const { webhook, fault } = run
    if (webhook === null || !(webhook.events ?? ['output', 'completed']).includes(event)) return
    if (fault?.kind === 'lost-answer' && fault.isSilent === true) return
    if (event === 'output' || event === 'logs') {
      if (clock.elapsedSince(told.get(run) ?? Number.NEGATIVE_INFINITY) < QUIET_MS) return
      told.set(run, clock.now())
    }
    const due = faults.next('webhook', (one) => canHarm(one, event))
    const id = `msg_${randomBytes(20).toString('base64url').replace(/[-_]/g, '0')}`
    const met = due !== null && isWebhookFault(due.fault) ? due.fault : null
    const delivery: Delivery = {
      run,
      event,
      id,
      body: encode(bodyOf(run)),
      fault: met,
      fire: () => due?.fire(),
      tries: 0,
    }
    const line = (lines.get(run) ?? Promise.resolve()).then(() => meet(delivery, webhook.url)).catch(() => {})
    lines.set(run, track(line))
  }

  return {
    notify,
    async sent() {
      while (underWay.size > 0) await Promise.all(underWay)
    },
  }
}

function canHarm(fault: ReplicateFault, event: WebhookEvent): boolean {
  if (!isWebhookFault(fault) || (fault.event ?? event) !== event) return false
  // Nothing follows the last.
  return fault.kind !== 'webhook-reordered' || event !== 'completed'
}

/** As the service writes JSON: `<`, `>` and `&` as escapes, which writing it again would lose (contract §5). */
function encode(body: unknown): Buffer {
  const escaped = JSON.stringify(body).replace(/[<>&]/g, (one) => `\\u00${one.charCodeAt(0).toString(16)}`)
  return Buffer.from(escaped)
}
