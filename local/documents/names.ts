import { invalidArgument } from './wire/status.ts'

/** `projects/P/databases/D/documents` is this many segments. */
const ROOT_SEGMENTS = 5
const DATABASE = /^projects\/[^/]+\/databases\/[^/]+$/
const RESERVED_ID = /^__.*__$/s
const NUMERIC_ID = /^__id-?\d+__$/
const MAX_ID_BYTES = 1500
/** Pairs of a collection and a document. */
const MAX_DEPTH = 100

export interface DocumentName {
  /** projects/P/databases/D */
  database: string
  /** The collection's own name, with everything before it. */
  collection: string
  /** The last segment of the collection. */
  collectionId: string
  id: string
}

/** @throws StatusError INVALID_ARGUMENT unless it is projects/P/databases/D. */
export function checkDatabase(database: string): string {
  if (!DATABASE.test(database)) throw invalidArgument(`Invalid database name "${database}".`)
  return database
}

/** Splits a document's name and checks its ids. @throws StatusError INVALID_ARGUMENT */
export function parseDocumentName(name: string): DocumentName {
  const segments = name.split('/')
  const isDocument = segments.length > ROOT_SEGMENTS && segments.length % 2 === 1
  if (!isDocument || !hasRoot(segments)) throw invalidArgument(`Document name "${name}" is not a document's name.`)
  if (segments.length - ROOT_SEGMENTS > 2 * MAX_DEPTH) {
    throw invalidArgument(`Key path is too long. Cannot exceed ${MAX_DEPTH} elements.`)
  }
  for (let index = ROOT_SEGMENTS; index < segments.length; index++) {
    checkId(segments[index] ?? '', name, index % 2 === 1 ? 'Collection' : 'Resource')
  }
  const id = segments[segments.length - 1] ?? ''
  return {
    database: segments.slice(0, 4).join('/'),
    collection: name.slice(0, name.length - id.length - 1),
    collectionId: segments[segments.length - 2] ?? '',
    id,
  }
}

function hasRoot(segments: readonly string[]): boolean {
  return segments[0] === 'projects' && segments[2] === 'databases' && segments[4] === 'documents'
}

function checkId(id: string, name: string, kind: string): void {
  if (id === '') throw invalidArgument(`Document name "${name}" has an empty segment.`)
  if (id === '.' || id === '..') throw invalidArgument(`Document name "${name}" has the segment "${id}".`)
  if (RESERVED_ID.test(id) && !NUMERIC_ID.test(id)) {
    throw invalidArgument(`${kind} id "${id}" is invalid because it is reserved.`)
  }
  if (id.length * 3 > MAX_ID_BYTES && Buffer.byteLength(id) > MAX_ID_BYTES) {
    const element = kind === 'Collection' ? 'kind' : 'name'
    throw invalidArgument(`The key path element ${element} is longer than ${MAX_ID_BYTES} bytes.`)
  }
}

/** Checks the id of a collection that a query names. @throws StatusError INVALID_ARGUMENT */
export function checkCollectionId(id: string): void {
  if (id.includes('/')) throw invalidArgument(`Collection id "${id}" is invalid because it contains "/".`)
  checkId(id, id, 'Collection')
}

/** Checks a query's parent: the root of a database (`…/documents`) or a document. */
export function parseParent(parent: string): { database: string; isDocument: boolean } {
  const segments = parent.split('/')
  if (segments.length < ROOT_SEGMENTS || segments.length % 2 === 0 || !hasRoot(segments)) {
    throw invalidArgument(`Parent name "${parent}" is neither a database's root nor a document.`)
  }
  return { database: segments.slice(0, 4).join('/'), isDocument: segments.length > ROOT_SEGMENTS }
}
