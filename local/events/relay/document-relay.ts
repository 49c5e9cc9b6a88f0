import { Client, credentials } from '@grpc/grpc-js'
import type { Logger } from '#shared/logging/logger.ts'
import { type Sleep, sleep } from '#shared/retry/sleep.ts'
import type { DocumentChange } from '../../documents/server.ts'
import type { DocumentTrigger, Trigger } from '../trigger.ts'
import { createFollowedDocuments } from './followed-documents.ts'
import { listen, type WatchedCollection } from './listen.ts'

export interface DocumentRelayOptions {
  /** A Firestore that somebody else runs: `host:port`. */
  host: string
  projectId: string
  /** Those for documents say which collections are followed. */
  triggers: readonly Trigger[]
  onChange: (change: DocumentChange) => void
  log: Logger
  /** How long the Firestore may take to tell, at the start, what exists (default 10,000). */
  startTimeoutMs?: number
  sleep?: Sleep
}

export interface DocumentRelay {
  close(): Promise<void>
}

/** Between tries to reach a Firestore that is gone: a restart of the emulator takes seconds. */
const RETRY_MS = 1_000
/** Left alone, gRPC waits up to two minutes before it connects anew. */
const CHANNEL = { 'grpc.initial_reconnect_backoff_ms': 100, 'grpc.max_reconnect_backoff_ms': RETRY_MS }

/**
 * Makes change events of a Firestore that makes none itself. Google's emulator posts events only to the one address that it
 * was started with, which for an emulator of the user's is not ours; so the watched collections are listened to. Documents
 * that exist already are no events. What changes while the Firestore cannot be reached is told when it can be again, many
 * changes of one document as one. Resolves when every change from now on will be seen.
 * @throws Error where no Firestore answers, or a trigger's pattern does not name its collection.
 */
export async function startDocumentRelay(options: DocumentRelayOptions): Promise<DocumentRelay> {
  const { host, log, onChange, sleep: wait = sleep } = options
  const collections = watchedCollections(options)
  const client = new Client(host, credentials.createInsecure(), CHANNEL)
  const stop = new AbortController()

  /** Follows one collection until the relay closes. `onState` hears null when all that exists is known, else why it is not. */
  async function follow(collection: WatchedCollection, onState: (problem: unknown) => void): Promise<void> {
    const documents = createFollowedDocuments()
    while (!stop.signal.aborted) {
      documents.restart()
      await listen(client, collection, {
        signal: stop.signal,
        onMessage(message) {
          for (const change of documents.follow(message)) onChange(change)
          if (message.kind === 'current') onState(null)
        },
      }).catch(onState)
      await wait(RETRY_MS, stop.signal).catch(() => {})
    }
  }

  let problem: unknown = null
  const running: Promise<void>[] = []
  const started = collections.map(
    (collection) =>
      new Promise<void>((resolve) => {
        let isLost = true
        running.push(
          follow(collection, (error) => {
            if (stop.signal.aborted) return
            problem = error
            if (error === null) resolve()
            else if (!isLost)
              log.warn('The Firestore at FIRESTORE_EMULATOR_HOST is gone; events wait for it.', { error })
            isLost = error !== null
          }),
        )
      }),
  )
  const close = async (): Promise<void> => {
    stop.abort(new Error('The relay is closing.'))
    await Promise.all(running)
    client.close()
  }
  if (!(await endsWithin(options.startTimeoutMs ?? 10_000, Promise.all(started)))) {
    await close()
    throw new Error(`No Firestore answers at ${host}, which FIRESTORE_EMULATOR_HOST names.`, { cause: problem })
  }
  return { close }
}

async function endsWithin(timeoutMs: number, work: Promise<unknown>): Promise<boolean> {
  const over = new AbortController()
  const timer = sleep(timeoutMs, over.signal).then(
    () => false,
    () => true,
  )
  const inTime = await Promise.race([work.then(() => true), timer])
  over.abort()
  return inTime
}

function watchedCollections({ projectId, triggers }: DocumentRelayOptions): WatchedCollection[] {
  const watched = triggers
    .filter((trigger): trigger is DocumentTrigger => 'documentPattern' in trigger)
    .map((trigger) => ({
      database: `projects/${projectId}/databases/${trigger.database ?? '(default)'}`,
      collectionId: collectionOf(trigger),
    }))
  const byName = new Map(watched.map((one) => [`${one.database}/${one.collectionId}`, one]))
  return [...byName.values()]
}

/** `versions` of `ai_models/{id}/versions/{v}`. Which of its documents are wanted is for the trigger to say. */
function collectionOf({ name, documentPattern }: DocumentTrigger): string {
  const [collectionId = '', documentId = ''] = documentPattern.split('/').slice(-2)
  if (/[{*]/.test(collectionId) || collectionId === '' || documentId.includes('**')) {
    throw new RangeError(
      `The trigger ${name} watches ${documentPattern}; of a Firestore of your own only named collections can be followed.`,
    )
  }
  return collectionId
}
