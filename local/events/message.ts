import { join } from 'node:path'
import { z } from 'zod'
import { type DurableMap, openDurableMap } from '../durable-map.ts'
import { OutgoingEvent } from './outgoing-event.ts'

/** An event in the queue; never changes after it was published. */
export const Message = z.object({
  /** Pub/Sub's id: decimal, the same at every redelivery. */
  id: z.string(),
  trigger: z.string(),
  publishedAtMs: z.number(),
  event: OutgoingEvent,
})
export type Message = z.infer<typeof Message>

/** How far a message has got. Apart from the message, so that a retry does not write the whole event again. */
const Progress = z.object({
  attempts: z.number(),
  /** When its retention began: at publication, or at the last replay. */
  sinceMs: z.number(),
  /** When the next attempt is due. */
  dueAtMs: z.number(),
  lastAnswer: z.string().nullable(),
  /** Set when nobody will try any more. */
  dead: z.object({ reason: z.enum(['attempts', 'expired', 'too-large']), atMs: z.number() }).nullable(),
})
export type Progress = z.infer<typeof Progress>

/** The queue on disk: what was published and not acknowledged survives the process. */
export interface MessageStore {
  messages: DurableMap<Message>
  progress: DurableMap<Progress>
  close(): void
}

/** A message that is to be tried from the beginning, at once. */
export function freshProgress(nowMs: number): Progress {
  return { attempts: 0, sinceMs: nowMs, dueAtMs: nowMs, lastAnswer: null, dead: null }
}

/** Opens the store in the folder `dataDir`; null keeps it in memory. */
export function openMessageStore(dataDir: string | null): MessageStore {
  const path = (file: string) => (dataDir === null ? null : join(dataDir, file))
  const messages = openDurableMap(path('messages.jsonl'), (json) => Message.parse(json))
  const progress = openDurableMap(path('progress.jsonl'), (json) => Progress.parse(json))
  // A kill between the two deletions of an acknowledgement leaves progress without a message.
  for (const [id] of progress.entries()) if (messages.get(id) === undefined) progress.delete(id)
  return {
    messages,
    progress,
    close() {
      messages.close()
      progress.close()
    },
  }
}
