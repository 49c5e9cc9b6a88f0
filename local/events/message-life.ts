import type { Logger } from '#shared/logging/logger.ts'
import { type BackoffPolicy, backoffDelay } from '#shared/retry/backoff.ts'
import type { Clock } from '../clock.ts'
import type { Answer, OutgoingRequest, SendRequest } from '../send-request.ts'
import { type AttemptOutcome, attemptDelivery } from './attempt.ts'
import type { Faults, FaultUse } from './faults.ts'
import type { HoldBack } from './hold-back.ts'
import { freshProgress, type Message, type MessageStore, type Progress } from './message.ts'
import { pushRequest } from './push-request.ts'
import type { Trigger } from './trigger.ts'

export interface MessageLifeContext {
  store: MessageStore
  clock: Clock
  faults: Faults
  holdBack: HoldBack
  send: SendRequest
  authorization: ((audience: string) => Promise<string>) | null
  ackDeadlineMs: number
  maxDeliveryAttempts: number
  retentionMs: number
  signal: AbortSignal
  log: Logger
  track: (request: Promise<Answer>) => void
}

/** A message with what it needs on its way. */
export interface Journey {
  message: Message
  trigger: Trigger
  /** Order of publication within this process. */
  sequence: number
  /** Holds a place among the trigger's open requests. */
  withPlace: <T>(work: () => Promise<T>) => Promise<T>
}

/** Pub/Sub's retry policy as Eventarc sets it. */
const BACKOFF: BackoffPolicy = {
  baseMs: 10_000,
  factor: 2,
  maxMs: 600_000,
  jitter: 'full',
  maxAttempts: Number.POSITIVE_INFINITY,
}

/**
 * Delivers one message until it is acknowledged or dead. Its progress is on disk before each attempt, so that a message
 * in flight when the process is killed is sent again. Ends quietly when the signal aborts.
 */
export async function liveMessage(context: MessageLifeContext, journey: Journey): Promise<void> {
  const { store, clock, faults, holdBack, signal, log } = context
  const { message, trigger, sequence } = journey
  let progress = store.progress.get(message.id) ?? freshProgress(message.publishedAtMs)
  for (;;) {
    await clock.waitUntil(progress.dueAtMs, signal)
    const attempt = progress.attempts + 1
    const taken = faults.take({ trigger: trigger.name, attributes: message.event.attributes, attempt })
    const fault = await shiftInTime(context, journey, taken)
    const outcome = await journey.withPlace(async () => {
      signal.throwIfAborted()
      progress = { ...progress, attempts: attempt, dueAtMs: clock.now() }
      store.progress.put(message.id, progress)
      return attemptOnce(context, journey, fault)
    })
    holdBack.answered(trigger.name, sequence)
    if (outcome.acknowledged) {
      store.messages.delete(message.id)
      store.progress.delete(message.id)
      return
    }
    signal.throwIfAborted()
    progress = afterFailure(context, progress, outcome.answer)
    store.progress.put(message.id, progress)
    const facts = { trigger: trigger.name, event: message.event.attributes.id, attempt, answer: outcome.answer }
    if (progress.dead !== null) {
      log.warn('An event became a dead letter.', { ...facts, reason: progress.dead.reason })
      return
    }
    log.debug('An event will be delivered again.', { ...facts, dueAt: new Date(progress.dueAtMs) })
  }
}

/** Carries out the faults that move an event in time, and hands on the others. */
async function shiftInTime(
  context: MessageLifeContext,
  journey: Journey,
  use: FaultUse | null,
): Promise<FaultUse | null> {
  const { clock, holdBack, signal } = context
  if (use?.fault.kind === 'delay') {
    await clock.waitUntil(clock.after(use.fault.delayMs), signal)
    use.fire()
    return null
  }
  if (use?.fault.kind === 'reorder') {
    const overtaken = await holdBack.hold(journey.trigger.name, journey.sequence, signal)
    if (overtaken) use.fire()
    else use.release()
    return null
  }
  return use
}

async function attemptOnce(
  context: MessageLifeContext,
  journey: Journey,
  fault: FaultUse | null,
): Promise<AttemptOutcome> {
  let push: OutgoingRequest
  try {
    push = await buildPush(context, journey)
  } catch (error) {
    fault?.release()
    return { acknowledged: false, answer: `no token: ${String(error)}` }
  }
  const { send, clock, ackDeadlineMs, signal, track } = context
  return attemptDelivery({ push, send, clock, ackDeadlineMs, fault, signal, track })
}

async function buildPush(
  { authorization }: MessageLifeContext,
  { message, trigger }: Journey,
): Promise<OutgoingRequest> {
  const token = authorization === null ? null : await authorization(new URL(trigger.url).origin)
  const { id: messageId, publishedAtMs, event } = message
  return pushRequest(event, { url: trigger.url, trigger: trigger.name, messageId, publishedAtMs, token })
}

function afterFailure(context: MessageLifeContext, progress: Progress, answer: string): Progress {
  const { clock, maxDeliveryAttempts, retentionMs } = context
  const failed = { ...progress, lastAnswer: answer }
  const atMs = clock.now()
  if (progress.attempts >= maxDeliveryAttempts) return { ...failed, dead: { reason: 'attempts', atMs } }
  if (clock.elapsedSince(progress.sinceMs) >= retentionMs) return { ...failed, dead: { reason: 'expired', atMs } }
  // The documented delays themselves, not spread: one machine has no herd of senders, and tests can name them.
  return { ...failed, dueAtMs: clock.after(backoffDelay(BACKOFF, progress.attempts, () => 1)) }
}
