import { AppError, FinalError, NotBeforeError, TransientError } from '../../errors/app-error.ts'
import type { ModelSource, RegistryModel } from '../model/registry-model.ts'
import type { SourcePage } from './search-source.ts'
import { fitsToken, type SourcePosition } from './search-token.ts'

/** Why a source is missing from a page, or gave less than it has. */
export interface SearchNote {
  source: ModelSource
  code: string
  message: string
  /** Whether the next page asks it again, from where it stood. */
  isAskedAgain: boolean
  retryAt: Date | null
}

/** What a source has for a page of the search. */
export interface Answered {
  name: ModelSource
  /** What is not shown yet, in the source's order, each with the position of the page that it came on. */
  fresh: { model: RegistryModel; position: SourcePosition }[]
  /** Behind all of it. */
  end: SourcePosition
  followsSort: boolean
  note: SearchNote | null
}

/** Pages of which nothing can be shown follow each other where a filter is ours alone; a page of the search pays for so many. */
const MAX_PAGES = 3

/**
 * Reads pages of a source from a position on until there are `want` models to show, it ends, or three pages are read. A
 * failure ends it with a note: what came before is kept, and the position stays at the page that failed, unless asking
 * again cannot help. Throws what is no AppError.
 */
export async function askSource(params: {
  name: ModelSource
  from: SourcePosition
  want: number
  isFresh(model: RegistryModel): boolean
  readPage(cursor: string | null): Promise<SourcePage>
}): Promise<Answered> {
  const { name, want, isFresh, readPage } = params
  const answered: Answered = { name, fresh: [], end: params.from, followsSort: true, note: null }
  for (let pages = 0; pages < MAX_PAGES && answered.end !== 'done' && answered.fresh.length < want; pages++) {
    const position = answered.end
    try {
      const page = await readPage(position.at)
      const fresh = page.models.filter(isFresh)
      answered.fresh.push(...fresh.map((model) => ({ model, position })))
      answered.followsSort &&= page.followsSort
      answered.end = positionAfter(page)
    } catch (error) {
      if (!(error instanceof AppError)) throw error
      answered.note = noteOf(name, error)
      if (!answered.note.isAskedAgain) answered.end = 'done'
      break
    }
  }
  return answered
}

function positionAfter({ nextCursor }: SourcePage): SourcePosition {
  if (nextCursor === null) return 'done'
  if (fitsToken(nextCursor)) return { at: nextCursor }
  const message = 'The source goes on at a place that is too long to remember; name what you look for more exactly.'
  throw new FinalError({ code: 'search.long-cursor', message })
}

/** What a failure is told as. */
export function noteOf(source: ModelSource, error: AppError): SearchNote {
  const { code, message, retryable } = error
  const retryAt = error instanceof TransientError || error instanceof NotBeforeError ? error.retryAt : null
  return { source, code, message, isAskedAgain: retryable, retryAt }
}
