import { isSameSource, toModel } from '#shared/documents/model.ts'
import type { CloudEvent, DocumentWrittenEvent } from '#shared/events/cloud-event.ts'
import { parseTimestamp } from '#shared/events/timestamp.ts'
import type { SyncInput } from './sync-input.ts'

/** What a change of a document means to us. */
export type SyncSignal =
  | { kind: 'wish'; input: SyncInput }
  /** The app no longer wants the sync that it asked for: canceled, or the model deleted. */
  | { kind: 'withdrawn'; modelId: string }
  | { kind: 'ignored'; reason: string }

const modelPath = /^ai_models\/([^/]+)$/

/**
 * Reads the transition that an event tells of: to `syncing` (or another file while syncing) is a wish, away from it the
 * end of one. Everything else about a model, our own writes included, is nothing to us.
 */
export function syncSignalOf(event: CloudEvent, database: string): SyncSignal {
  if (event.kind !== 'document-written') return ignored(`Events of type ${event.type} are not for model sync.`)
  const modelId = modelIdOf(event, database)
  if (modelId === null) return ignored('Only ai_models/{id} is synced.')
  const before = event.before && toModel(modelId, event.before.fields)
  const after = event.after && toModel(modelId, event.after.fields)
  const wasSyncing = before?.syncStatus === 'syncing'
  if (after?.syncStatus !== 'syncing') {
    return wasSyncing ? { kind: 'withdrawn', modelId } : ignored('The model does not ask for a sync.')
  }
  if (wasSyncing && isSameSource(before.source, after.source)) return ignored('The sync was asked for before.')
  const requestedAt = event.updateTime ?? event.time
  const instant = requestedAt === null ? null : parseTimestamp(requestedAt)
  if (requestedAt === null || instant === null) return ignored('The event does not say when the document was written.')
  const requestedAtMs = instant.seconds * 1000 + Math.floor(instant.nanos / 1_000_000)
  return { kind: 'wish', input: { modelId, requestedAt, requestedAtMs } }
}

/** Of which model an event tells; null where it is of something else. */
export function modelIdOf(event: DocumentWrittenEvent, database: string): string | null {
  return event.database === database ? (modelPath.exec(event.document)?.[1] ?? null) : null
}

function ignored(reason: string): SyncSignal {
  return { kind: 'ignored', reason }
}
