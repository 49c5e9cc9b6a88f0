import type { JsonObject } from '../http/call.ts'
import { invalid, notSupported } from '../http/failure.ts'
import type { EditableMetadata } from '../storage/record.ts'

const TEXT_FIELDS = [
  'contentType',
  'contentEncoding',
  'contentDisposition',
  'contentLanguage',
  'cacheControl',
  'customTime',
] as const

/** Whether a body says anything about an object's metadata; a copy without any takes the source's. */
export function hasEditableMetadata(body: JsonObject): boolean {
  return ['metadata', ...TEXT_FIELDS].some((field) => body[field] !== undefined)
}

/** The metadata of a new object, or of a full update: what the body does not name is not there. */
export function parseEditableMetadata(body: JsonObject): EditableMetadata {
  return patchEditableMetadata({}, body)
}

/** Merges a patch: null deletes a field; inside `metadata` each key is set or, by null, deleted on its own. */
export function patchEditableMetadata(current: EditableMetadata, body: JsonObject): EditableMetadata {
  assertNoHold(body)
  const patched: EditableMetadata = { ...current }
  for (const field of TEXT_FIELDS) {
    const value = body[field]
    if (value === null) delete patched[field]
    else if (value !== undefined) patched[field] = requireText(field, value)
  }
  if (body.metadata !== undefined) {
    const metadata = patchCustomMetadata(current.metadata ?? {}, body.metadata)
    if (Object.keys(metadata).length > 0) patched.metadata = metadata
    else delete patched.metadata
  }
  return patched
}

/** An object that could be deleted here in spite of its hold would be a lie. */
function assertNoHold({ temporaryHold, eventBasedHold, retention }: JsonObject): void {
  if (temporaryHold === true || eventBasedHold === true) throw notSupported('holds')
  if (typeof retention === 'object' && retention !== null) throw notSupported('retention of objects')
}

function patchCustomMetadata(current: Record<string, string>, patch: unknown): Record<string, string> {
  if (patch === null) return {}
  if (typeof patch !== 'object' || Array.isArray(patch)) throw invalid('Invalid value for: metadata')
  const patched = { ...current }
  for (const [key, value] of Object.entries(patch)) {
    if (value === null) delete patched[key]
    else patched[key] = requireText(`metadata.${key}`, value)
  }
  return patched
}

function requireText(field: string, value: unknown): string {
  if (typeof value === 'string') return value
  // The service reads numbers and booleans as the strings they look like.
  if (typeof value === 'number' || typeof value === 'boolean') return String(value)
  throw invalid(`Invalid value for: ${field}`)
}
