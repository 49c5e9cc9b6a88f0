import { type Answer, jsonAnswer } from '../stand-in-answer.ts'
import type { Caller } from './account.ts'
import { modelObject } from './api-objects.ts'
import type { HuggingFaceFault } from './faults.ts'
import { Refusal } from './refusal.ts'
import { commitAt, type Repo } from './repos.ts'

type Json = Record<string, unknown>

const SORTS: readonly string[] = ['downloads', 'likes', 'likes30d', 'lastModified', 'createdAt', 'trendingScore', 'id']
const DEFAULT_PAGE = 1000
const MAX_PAGE = 1000

/** One page of `GET /api/models`: an array, the next page's address in `Link`, no totals (contract §2). */
export function answerList(
  repos: readonly Repo[],
  request: { url: URL; origin: string; caller: Caller; fault: HuggingFaceFault | null },
): Answer {
  const { url, origin, caller, fault } = request
  const query = url.searchParams
  const sort = query.get('sort')
  if (sort !== null && !SORTS.includes(sort)) throw new Refusal(400, null, '"sort" must be one of the known words')
  const isFull = query.get('full') === 'true'
  const objects = repos
    .filter((repo) => isListedFor(repo, caller))
    .map((repo) => modelObject(repo, commitAt(repo, 'main'), { blobs: false }))
    .filter((object) => fits(object, query))
  if (sort !== null) objects.sort((a, b) => compare(b[sort], a[sort]) || compare(a.id, b.id))

  const asked = Number(query.get('limit') ?? DEFAULT_PAGE)
  const limit = fault?.kind === 'small-pages' ? fault.entries : Math.min(asked > 0 ? asked : DEFAULT_PAGE, MAX_PAGE)
  const start = readCursor(query.get('cursor'))
  const end = start + limit
  const page = objects.slice(start, end).map((object) => listed(object, { isFull, query }))
  const isLast = end >= objects.length && fault?.kind !== 'foreign-next-page' && fault?.kind !== 'circular-pages'
  if (isLast) return jsonAnswer(200, page)
  const next = new URL(`${url.pathname}${url.search}`, fault?.kind === 'foreign-next-page' ? fault.origin : origin)
  const isCircular = fault?.kind === 'circular-pages' && query.has('cursor')
  if (!isCircular) next.searchParams.set('cursor', writeCursor(end))
  return jsonAnswer(200, page, { link: `<${next.href}>; rel="next"` })
}

function isListedFor({ spec, access }: Repo, caller: Caller): boolean {
  return spec.private !== true || (caller.kind === 'account' && access.has(caller.token))
}

function fits(object: Json, query: URLSearchParams): boolean {
  const tags = (object.tags as string[] | null) ?? []
  // Library and task are tags too.
  const all = new Set([...tags, object.library_name, object.pipeline_tag])
  const search = query.get('search')?.toLowerCase() ?? ''
  const task = query.get('pipeline_tag')
  const author = query.get('author')
  return (
    String(object.id).toLowerCase().includes(search) &&
    query.getAll('filter').every((tag) => all.has(tag)) &&
    (task === null || object.pipeline_tag === task) &&
    (author === null || object.author === author)
  )
}

/** What was not asked for is absent. */
function listed(object: Json, { isFull, query }: { isFull: boolean; query: URLSearchParams }): Json {
  const { _id, id, modelId, likes, downloads, tags, pipeline_tag, library_name, createdAt } = object
  const basic = { _id, id, modelId, likes, downloads, tags, pipeline_tag, library_name, createdAt }
  const { author, sha, lastModified, gated, disabled, siblings, cardData } = object
  return {
    ...basic,
    private: object.private,
    ...(isFull ? { author, sha, lastModified, gated, disabled, siblings } : {}),
    ...(query.get('cardData') === 'true' && cardData !== undefined ? { cardData } : {}),
  }
}

function compare(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b
  const [left, right] = [String(a ?? ''), String(b ?? '')]
  return left < right ? -1 : Number(left > right)
}

/** Opaque to clients. */
function writeCursor(at: number): string {
  return Buffer.from(JSON.stringify({ $or: [{ at }] })).toString('base64')
}

function readCursor(cursor: string | null): number {
  if (cursor === null) return 0
  try {
    const { $or } = JSON.parse(Buffer.from(cursor, 'base64').toString('utf8'))
    return Number($or[0].at)
  } catch {
    throw new Refusal(400, null, 'Invalid cursor')
  }
}
