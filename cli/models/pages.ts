import type { ApiClient } from '../api/api-client.ts'
import { type ModelPageRecord, type ModelRecord, modelPage, type NoteRecord } from './records.ts'

/** The API's own most. */
const PAGE_SIZE = 100

export interface FoundModels {
  models: ModelRecord[]
  /** Each source's last one. */
  notes: NoteRecord[]
  /** To go on from; null at the end. */
  nextCursor: string | null
}

/** Asks for pages until there are `limit` models, or no more. A source that stays silent does not keep it going. */
export async function readModels(
  api: Pick<ApiClient, 'get'>,
  params: {
    path: string
    /** What is looked for; null leaves a parameter out. */
    query: Readonly<Record<string, string | null>>
    limit: number
    cursor: string | null
    signal: AbortSignal
  },
): Promise<FoundModels> {
  const { path, query, limit, signal } = params
  const models: ModelRecord[] = []
  const notes = new Map<string, NoteRecord>()
  let cursor = params.cursor
  do {
    const search = searchOf({ ...query, limit: String(Math.min(PAGE_SIZE, limit - models.length)), cursor })
    const page: ModelPageRecord = await api.get(`${path}?${search}`, modelPage, signal)
    models.push(...page.models)
    for (const note of page.notes) notes.set(note.source, note)
    cursor = page.next_cursor
    // What a page lacks comes with a later one; asking at once again earns the same note.
    if (page.models.length === 0 && page.notes.length > 0) break
  } while (models.length < limit && cursor !== null)
  return { models, notes: [...notes.values()], nextCursor: cursor }
}

function searchOf(parameters: Readonly<Record<string, string | null>>): URLSearchParams {
  const search = new URLSearchParams()
  for (const [name, value] of Object.entries(parameters)) if (value) search.set(name, value)
  return search
}
