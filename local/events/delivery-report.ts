import type { Message, MessageStore, Progress } from './message.ts'
import { pushRequest } from './push-request.ts'
import type { Trigger } from './trigger.ts'

/** An event that is not acknowledged yet. */
export interface PendingEvent {
  /** Pub/Sub's message id. */
  id: string
  trigger: string
  /** CloudEvents attributes without the `ce-` prefix. */
  attributes: Readonly<Record<string, string>>
  attempts: number
  /** When the next attempt begins, or the running one began. */
  dueAt: Date
  /** How the last attempt ended; null before the first has. */
  lastAnswer: string | null
}

/** An event that nobody tries any more: the message in the dead-letter topic. */
export interface DeadLetter extends PendingEvent {
  reason: 'attempts' | 'expired' | 'too-large'
  diedAt: Date
  /** The delivery as the service saw it, for whoever wants to read or repeat it. */
  request: { headers: Record<string, string>; body: Uint8Array }
}

export function listPending(store: MessageStore): PendingEvent[] {
  return store.messages.entries().flatMap(([id, message]) => {
    const progress = store.progress.get(id)
    return progress?.dead == null ? [describe(message, progress)] : []
  })
}

export function listDeadLetters(store: MessageStore, triggers: readonly Trigger[]): DeadLetter[] {
  return store.messages.entries().flatMap(([id, message]) => {
    const progress = store.progress.get(id)
    if (progress?.dead == null) return []
    const { trigger, publishedAtMs, event } = message
    const url = triggers.find(({ name }) => name === trigger)?.url ?? 'http://127.0.0.1/'
    const { headers, body } = pushRequest(event, { url, trigger, messageId: id, publishedAtMs, token: null })
    const { reason, atMs } = progress.dead
    return [{ ...describe(message, progress), reason, diedAt: new Date(atMs), request: { headers, body } }]
  })
}

function describe(message: Message, progress: Progress | undefined): PendingEvent {
  return {
    id: message.id,
    trigger: message.trigger,
    attributes: message.event.attributes,
    attempts: progress?.attempts ?? 0,
    dueAt: new Date(progress?.dueAtMs ?? message.publishedAtMs),
    lastAnswer: progress?.lastAnswer ?? null,
  }
}
