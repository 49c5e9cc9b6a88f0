import { toModel } from '#shared/documents/model.ts'
import { outdatedRegistration } from '#shared/documents/synced-registration.ts'
import type { CloudEvent } from '#shared/events/cloud-event.ts'
import { modelIdOf } from './sync-event.ts'

/** What a change of a document means to us beside its sync. */
export type ModelChange =
  /** It names its file no longer, or was deleted. */
  | { kind: 'file-left'; modelId: string }
  /** No query of the registry finds it as it is: the app has made it, renamed it, given it to somebody. */
  | { kind: 'registration-outdated'; modelId: string }

/** Reads it from an event; null where there is nothing to do. */
export function modelChangeOf(event: CloudEvent, database: string): ModelChange | null {
  if (event.kind !== 'document-written') return null
  const modelId = modelIdOf(event, database)
  if (modelId === null) return null
  const before = event.before && toModel(modelId, event.before.fields)
  const after = event.after && toModel(modelId, event.after.fields)
  const uri = before?.gcsUri ?? null
  if (uri !== null && after?.gcsUri !== uri) return { kind: 'file-left', modelId }
  if (event.after === null || outdatedRegistration(modelId, event.after.fields) === null) return null
  // A sync does it better, and one that was canceled leaves the document as it was.
  const isOfSync = before?.syncStatus === 'syncing' || after?.syncStatus === 'syncing'
  return isOfSync ? null : { kind: 'registration-outdated', modelId }
}
