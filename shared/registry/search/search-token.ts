import { createHash } from 'node:crypto'
import * as z from 'zod'
import { CallerError } from '../../errors/app-error.ts'
import { MODEL_SOURCES, type ModelSource, modelKey, type RegistryModel } from '../model/registry-model.ts'
import type { RegistryQuery } from './search-query.ts'

/** Where a source goes on: at a page (null for its first), or nowhere. */
export type SourcePosition = { at: string | null } | 'done'

/** Where a search stands after a page. */
export interface SearchPosition {
  sources: Partial<Record<ModelSource, SourcePosition>>
  /** What was shown, as `shownKeys` writes it, the latest last. */
  shown: readonly string[]
}

/** Bytes of a source's cursor in JSON: three of them, with all that was shown, stay under `MAX_TOKEN`. */
export const MAX_SOURCE_CURSOR = 1_000
/** About 500 models with their hashes; what was shown before them is forgotten. */
const MAX_SHOWN = 1_000
/** 40 bits: among a thousand, one wrong match in a thousand million. */
const KEY_BYTES = 5
const VERSION = 'v1'
const MAX_TOKEN = 12_000

/** Whether a source's cursor can be remembered. */
export function fitsToken(cursor: string): boolean {
  return Buffer.byteLength(JSON.stringify(cursor)) <= MAX_SOURCE_CURSOR
}

/** The short names under which a shown model is remembered: what it is, and which bytes it has where that is known. */
export function shownKeys(model: Pick<RegistryModel, 'source' | 'sourceId' | 'sha256'>): string[] {
  const names = [modelKey(model), ...(model.sha256 === null ? [] : [`sha256:${model.sha256}`])]
  return names.map((name) => createHash('sha256').update(name).digest().subarray(0, KEY_BYTES).toString('hex'))
}

const headSchema = z.strictObject({
  q: z.string(),
  s: z.partialRecord(z.enum(MODEL_SOURCES), z.union([z.string().max(MAX_SOURCE_CURSOR), z.null(), z.literal(0)])),
})

/** One opaque text: version, positions, what was shown. Bound to its query: the cursors mean nothing in another. */
export function writeToken(position: SearchPosition, query: RegistryQuery): string {
  const sources = Object.entries(position.sources).map(([name, one]) => [name, one === 'done' ? 0 : one.at])
  const head = JSON.stringify({ q: fingerprint(query), s: Object.fromEntries(sources) })
  const shown = Buffer.from(position.shown.slice(-MAX_SHOWN).join(''), 'hex')
  return `${VERSION}.${Buffer.from(head).toString('base64url')}.${shown.toString('base64url')}`
}

/** Throws `search.bad-cursor` for what `writeToken` has not written, `search.other-search` for another query's. */
export function readToken(token: string, query: RegistryQuery): SearchPosition {
  const parts = /^v1\.([\w-]+)\.([\w-]*)$/.exec(token.length > MAX_TOKEN ? '' : token)
  const head = headSchema.safeParse(jsonOf(parts?.[1] ?? ''))
  const shown = Buffer.from(parts?.[2] ?? '', 'base64url')
  if (parts === null || !head.success || shown.byteLength % KEY_BYTES !== 0) throw badCursor()
  if (head.data.q !== fingerprint(query)) {
    const message = 'The cursor belongs to another search; leave it out to begin with the first page.'
    throw new CallerError({ status: 400, code: 'search.other-search', message })
  }
  const sources = Object.entries(head.data.s).map(([name, at]) => [name, at === 0 ? 'done' : { at }])
  return { sources: Object.fromEntries(sources), shown: shown.toString('hex').match(/.{10}/g) ?? [] }
}

function badCursor(): CallerError {
  const message = 'The cursor is not one that a search has answered; leave it out to begin with the first page.'
  return new CallerError({ status: 400, code: 'search.bad-cursor', message })
}

function jsonOf(base64: string): unknown {
  try {
    return JSON.parse(Buffer.from(base64, 'base64url').toString('utf8'))
  } catch {
    return null
  }
}

function fingerprint(query: RegistryQuery): string {
  return createHash('sha256').update(queryKey(query)).digest('base64url').slice(0, 12)
}

/** Equal for equal queries, whatever order their fields came in. */
export function queryKey(query: RegistryQuery): string {
  const { text, sources, types, bases, tag, task, library, sort, nsfw } = query
  return JSON.stringify([text, sources, types, bases, tag, task, library, sort, nsfw])
}
