import type { ApiClient } from '../api/api-client.ts'
import { UsageError } from '../command.ts'
import { cachedFiles } from './pages.ts'
import type { CachedFileRecord } from './records.ts'

/** Shorter ones are likely to be a typing error, and to fit by chance. */
const SHORTEST_ID = 6

/**
 * The file that somebody means: by its id or the beginning of it, its `gs://` address, or the id of a model that is synced
 * to it.
 * @throws UsageError where none fits, or several do.
 */
export function findFile(files: readonly CachedFileRecord[], text: string, usage: string): CachedFileRecord {
  const exact = files.filter(
    ({ file_id, uri, models }) => file_id === text || uri === text || models.some(({ model_id }) => model_id === text),
  )
  const found =
    exact.length > 0 || text.length < SHORTEST_ID ? exact : files.filter(({ file_id }) => file_id.startsWith(text))
  const [first, second] = found
  if (first === undefined) throw new UsageError(`The cache has no file "${text}".`, usage)
  if (second !== undefined) throw new UsageError(`"${text}" means ${found.length} files; give more of the id.`, usage)
  return first
}

/** The same of several, looked for in the whole cache. @throws UsageError */
export async function findFiles(
  api: ApiClient,
  wish: { texts: readonly string[]; usage: string; signal: AbortSignal },
): Promise<CachedFileRecord[]> {
  const { texts, usage, signal } = wish
  if (texts.length === 0) throw new UsageError('Name at least one file.', usage)
  const all: CachedFileRecord[] = []
  for await (const file of cachedFiles(api, { signal })) all.push(file)
  return texts.map((text) => findFile(all, text, usage))
}
