import { AppError } from '#shared/errors/app-error.ts'
import type { CloudEvent } from '#shared/events/cloud-event.ts'
import { UndecodableEventError } from '#shared/events/event-error.ts'
import { parseCloudEvent } from '#shared/events/parse-cloud-event.ts'
import { loadOperations as loadImageOperations } from '../../services/image-worker/app.ts'
import { loadOperations as loadSyncOperations } from '../../services/model-sync/app.ts'
import type { Connection } from '../connect.ts'
import type { DeadLetter } from './subscription.ts'

export type LetterReading = { kind: 'event'; event: CloudEvent } | { kind: 'unreadable'; reason: string }

/** Reads a letter as the service would have: as a push of its message. */
export function readLetter(letter: DeadLetter): LetterReading {
  const { messageId, attributes, data } = letter
  const body = Buffer.from(JSON.stringify({ message: { messageId, attributes, data } }))
  try {
    return {
      kind: 'event',
      event: parseCloudEvent({ headers: { 'content-type': 'application/json' }, body }),
    }
  } catch (error) {
    if (error instanceof UndecodableEventError || error instanceof AppError) {
      return { kind: 'unreadable', reason: error.message }
    }
    throw error
  }
}

export type Replayed =
  | { kind: 'asked-for'; job: string }
  /** Nothing would come of it: it needs no job. */
  | { kind: 'not-needed'; reason: string }

/** Asks for the job that an event was about: under its natural key, so that what was done meanwhile is not done again. */
export async function replayEvent(
  { config, jobs }: Pick<Connection, 'config' | 'jobs'>,
  event: CloudEvent,
): Promise<Replayed> {
  if (event.kind === 'object-finalized') {
    const { imageInputOf, imageJobNames } = await loadImageOperations()
    const input = imageInputOf(event, config.STORAGE_BUCKET)
    if ('notOurs' in input) return { kind: 'not-needed', reason: input.notOurs }
    await jobs.enqueue(imageJobNames, input)
    return { kind: 'asked-for', job: imageJobNames.key(input) }
  }
  const { syncSignalOf, syncJobNames } = await loadSyncOperations()
  const signal = syncSignalOf(event, config.FIRESTORE_DATABASE)
  switch (signal.kind) {
    case 'wish':
      await jobs.enqueue(syncJobNames, signal.input)
      return { kind: 'asked-for', job: syncJobNames.key(signal.input) }
    case 'withdrawn':
      return { kind: 'not-needed', reason: 'The sync was withdrawn; its job finds that by itself.' }
    case 'ignored':
      return { kind: 'not-needed', reason: signal.reason }
    default:
      return signal satisfies never
  }
}
