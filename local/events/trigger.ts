import type { ObjectChange } from '../bucket/server.ts'
import type { DocumentChange } from '../documents/server.ts'
import { compileDocumentPattern } from './document-pattern.ts'

export interface StorageTrigger {
  name: string
  type: `google.cloud.storage.object.v1.${ObjectChange['type']}`
  /** The only filter that Eventarc has for a bucket: no prefix, no suffix. */
  bucket: string
  /** Where the service is, with its path. */
  url: string
}

export interface DocumentTrigger {
  name: string
  type: `google.cloud.firestore.document.v1.${'written' | 'created' | 'updated' | 'deleted'}`
  /** `ai_models/{id}`; see `compileDocumentPattern`. */
  documentPattern: string
  /** Default: `(default)`. A trigger covers one database. */
  database?: string
  contentType: 'application/protobuf' | 'application/json'
  url: string
}

export type Trigger = StorageTrigger | DocumentTrigger

/** Whether the trigger asks for this change of an object. */
export function wantsObject(trigger: Trigger, change: ObjectChange): trigger is StorageTrigger {
  return 'bucket' in trigger && trigger.bucket === change.bucket && trigger.type.endsWith(`.${change.type}`)
}

/** Compiles a trigger's document filter once. Throws a RangeError for a bad pattern. */
export function compileTrigger(trigger: DocumentTrigger): (change: DocumentChange) => boolean {
  const matchesPath = compileDocumentPattern(trigger.documentPattern)
  const database = trigger.database ?? '(default)'
  return (change) => {
    const [, changedDatabase, path] = /^projects\/[^/]+\/databases\/([^/]+)\/documents\/(.+)$/s.exec(change.name) ?? []
    return changedDatabase === database && path !== undefined && matchesPath(path) && wantsKind(trigger, change)
  }
}

/** Firestore sends nothing for a write that changes nothing, nor for deleting what was not there. */
function wantsKind(trigger: DocumentTrigger, change: DocumentChange): boolean {
  const kind = kindOf(change)
  return kind !== null && (trigger.type.endsWith('.written') || trigger.type.endsWith(`.${kind}`))
}

function kindOf(change: DocumentChange): 'created' | 'updated' | 'deleted' | null {
  if (change.before === null) return change.after === null ? null : 'created'
  if (change.after === null) return 'deleted'
  return change.changedFieldPaths.length > 0 ? 'updated' : null
}
