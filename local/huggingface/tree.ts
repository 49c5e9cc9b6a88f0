import { type Answer, jsonAnswer } from '../stand-in-answer.ts'
import { treeEntries } from './api-objects.ts'
import type { HuggingFaceFault } from './faults.ts'
import { entryNotFound } from './refusal.ts'
import type { Commit } from './repos.ts'

/** Most entries of a page, without and with `expand` (contract §3). */
const MAX_PAGE = { plain: 1000, expanded: 100 }
const DEFAULT_PAGE = { plain: 1000, expanded: 50 }

/** One page of `GET /api/models/{id}/tree/{rev}[/{path}]`; the next one's address is in `Link` (contract §3). */
export function answerTree(
  commit: Commit,
  request: { folder: string; url: URL; origin: string; fault: HuggingFaceFault | null },
): Answer {
  const { folder, url, origin, fault } = request
  const query = url.searchParams
  const expand = query.get('expand') === 'true'
  const entries = treeEntries(commit, { folder, recursive: query.get('recursive') === 'true', expand })
  if (entries === null) throw entryNotFound()
  if (fault?.kind === 'extra-path') {
    entries.push({
      type: 'file',
      path: fault.path,
      oid: 'd'.repeat(40),
      size: 8,
      lfs: { oid: 'd'.repeat(64), size: 8, pointerSize: 120 },
    })
  }
  const kind = expand ? 'expanded' : 'plain'
  const asked = Number(query.get('limit') ?? DEFAULT_PAGE[kind])
  const limit =
    fault?.kind === 'small-pages' ? fault.entries : Math.min(asked > 0 ? asked : DEFAULT_PAGE[kind], MAX_PAGE[kind])
  const start = readCursor(query.get('cursor'))
  const end = start + limit
  const page = entries.slice(start, end)
  const isLast = end >= entries.length && fault?.kind !== 'foreign-next-page' && fault?.kind !== 'circular-pages'
  if (isLast) return jsonAnswer(200, page)
  const next = new URL(`${url.pathname}${url.search}`, fault?.kind === 'foreign-next-page' ? fault.origin : origin)
  if (fault?.kind !== 'circular-pages') next.searchParams.set('cursor', writeCursor(end))
  return jsonAnswer(200, page, { link: `<${next.href}>; rel="next"` })
}

/** Opaque to clients. */
function writeCursor(at: number): string {
  return Buffer.from(JSON.stringify({ at })).toString('base64')
}

function readCursor(cursor: string | null): number {
  if (cursor === null) return 0
  return Number(JSON.parse(Buffer.from(cursor, 'base64').toString('utf8')).at)
}
