import type { Micros } from '#local/documents/clock.ts'
import { parseDocumentName } from '#local/documents/names.ts'
import { encodeDocument, type StoredChange, type StoredDocument } from '#local/documents/storage/document.ts'
import type { DocumentStore } from '#local/documents/storage/store.ts'
import { fromWireFields } from '#local/documents/values/codec.ts'
import { type FieldPath, getField, parseFieldPath, withField } from '#local/documents/values/field-path.ts'
import { sameFields } from '#local/documents/values/order.ts'
import { documentSize, MAX_DOCUMENT_BYTES } from '#local/documents/values/size.ts'
import type { Fields, Value } from '#local/documents/values/value.ts'
import type { WireFieldTransform, WireWrite } from '#local/documents/wire/messages.ts'
import { invalidArgument } from '#local/documents/wire/status.ts'
import { checkFields } from './check-fields.ts'
import { checkPrecondition } from './precondition.ts'
import { applyTransform } from './transform.ts'

/** Of one document in one commit; Google's emulator does not count them. */
const MAX_TRANSFORMS = 500

/** What a commit will do; nothing is changed yet. */
export interface CommitPlan {
  changes: StoredChange[]
  /** One a write; `updateTime` is null for deletions, and an older one than the commit's when nothing changed. */
  results: { updateTime: Micros | null; transformResults: Value[] }[]
}

interface State {
  before: StoredDocument | null
  fields: Fields | null
  createTime: Micros
  transforms: number
}

/** The document that a write is about. @throws StatusError INVALID_ARGUMENT */
export function writtenName(write: WireWrite): string {
  switch (write.operation) {
    case 'update':
      return write.update.name
    case 'delete':
      return write.delete
    case 'transform':
      return write.transform.document
    default:
      throw invalidArgument('A write must have an operation.')
  }
}

/**
 * Works out a commit's writes one after the other, each seeing those before it. A document that ends as it was keeps
 * its update time and is no change, as in production.
 * @throws StatusError as a precondition, a transform, a name or the size of a document asks for it.
 */
export function planWrites(store: DocumentStore, writes: readonly WireWrite[], commitTime: Micros): CommitPlan {
  const states = new Map<string, State>()
  const results = writes.map((write) => {
    const name = writtenName(write)
    parseDocumentName(name)
    const before = store.get(name)
    const state = states.get(name) ?? {
      before,
      fields: before?.fields ?? null,
      createTime: before?.createTime ?? commitTime,
      transforms: 0,
    }
    states.set(name, state)
    const updateTime = state.fields === state.before?.fields ? (state.before?.updateTime ?? null) : commitTime
    checkPrecondition(write.currentDocument, name, state.fields === null ? null : { updateTime })
    const { fields, transformResults } = applyWrite(write, state.fields, commitTime)
    state.transforms += transformResults.length
    if (state.transforms > MAX_TRANSFORMS) {
      throw invalidArgument(`At most ${MAX_TRANSFORMS} field transforms are allowed for a document in one request.`)
    }
    if (state.fields === null || fields === null) state.createTime = commitTime
    state.fields = fields
    return { name, transformResults }
  })

  const changes: StoredChange[] = []
  const updateTimes = new Map<string, Micros | null>()
  for (const [name, { before, fields, createTime }] of states) {
    const recreated = before !== null && createTime !== before.createTime
    const unchanged = before !== null && fields !== null && !recreated && sameFields(before.fields, fields)
    updateTimes.set(name, fields === null ? null : unchanged ? before.updateTime : commitTime)
    if (unchanged || (before === null && fields === null)) continue
    changes.push({ name, before, after: fields === null ? null : newVersion(name, fields, createTime, commitTime) })
  }
  return {
    changes,
    results: results.map(({ name, transformResults }) => ({
      updateTime: updateTimes.get(name) ?? null,
      transformResults,
    })),
  }
}

function newVersion(name: string, fields: Fields, createTime: Micros, updateTime: Micros): StoredDocument {
  checkFields(fields)
  const size = documentSize(name, fields)
  if (size > MAX_DOCUMENT_BYTES) {
    throw invalidArgument(
      `Document '${name}' cannot be written because its size (${size.toLocaleString('en-US')} bytes) exceeds the maximum allowed size of ${MAX_DOCUMENT_BYTES.toLocaleString('en-US')} bytes.`,
    )
  }
  const document = { name, fields, createTime, updateTime }
  return { ...document, bytes: encodeDocument(document) }
}

function applyWrite(
  write: WireWrite,
  present: Fields | null,
  commitTime: Micros,
): { fields: Fields | null; transformResults: Value[] } {
  if (write.operation === 'delete') return { fields: null, transformResults: [] }
  if (write.operation === 'transform') {
    return applyTransforms(present ?? new Map(), write.transform.fieldTransforms, commitTime)
  }
  const given = fromWireFields(write.update.fields)
  const fields =
    write.updateMask === null ? given : mergeMasked(present ?? new Map(), given, write.updateMask.fieldPaths)
  return applyTransforms(fields, write.updateTransforms, commitTime)
}

/** Sets the masked paths to what is given, and removes those that are not given. */
function mergeMasked(present: Fields, given: Fields, mask: readonly string[]): Fields {
  const paths = mask.map(parseFieldPath)
  checkNoConflict(paths)
  return paths.reduce((fields, path) => withField(fields, path, getField(given, path)), present)
}

/** A mask must not name a path and something inside it. */
function checkNoConflict(paths: readonly FieldPath[]): void {
  const known = new Set(paths.map((path) => JSON.stringify(path)))
  for (const path of paths) {
    for (let length = 1; length < path.length; length++) {
      if (known.has(JSON.stringify(path.slice(0, length)))) {
        throw invalidArgument(`Field paths in the mask conflict at "${path.slice(0, length).join('.')}".`)
      }
    }
  }
}

function applyTransforms(
  start: Fields,
  transforms: readonly WireFieldTransform[],
  commitTime: Micros,
): { fields: Fields; transformResults: Value[] } {
  const transformResults: Value[] = []
  // The server's time has the precision of milliseconds in a field, as in production.
  const milliseconds = Math.floor(commitTime / 1000)
  const seconds = Math.floor(milliseconds / 1000)
  const now: Value = { type: 'timestamp', seconds, nanos: (milliseconds - seconds * 1000) * 1_000_000 }
  let fields = start
  for (const transform of transforms) {
    const path = parseFieldPath(transform.fieldPath)
    const { value, result } = applyTransform(transform, getField(fields, path), now)
    fields = withField(fields, path, value)
    transformResults.push(result)
  }
  return { fields, transformResults }
}
