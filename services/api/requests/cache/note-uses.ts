import { noteUse } from '#shared/cache/use-file.ts'
import { groupsOf, inGroups } from '#shared/documents/in-groups.ts'
import { reading } from '#shared/documents/reading.ts'
import type { ApiContext } from '../../api-context.ts'

interface Use {
  /** Of an object. */
  uri: string
  usedAt: Date
}

/** Firestore's limit of one `in`. */
const MOST_IN_ONE_QUERY = 30
const QUERIES_AT_ONCE = 5
const WRITES_AT_ONCE = 10

/** Notes uses of objects for the files, or folders, that they are part of: each file once, with its last. */
export async function noteUses(
  { loadClients }: ApiContext,
  uses: readonly Use[],
): Promise<{ marked: number; unknown: number }> {
  const { db } = await loadClients()
  const places = new Map(uses.map((use) => [use, placesOf(use.uri)]))
  const fileIds = new Map<string, string>()
  const wanted = [...new Set([...places.values()].flat())]
  await inGroups(groupsOf(wanted, MOST_IN_ONE_QUERY), QUERIES_AT_ONCE, async (part) => {
    const { docs } = await reading(db.collection('model_files').where('uri', 'in', part).select('uri').get())
    for (const found of docs) fileIds.set(String(found.get('uri')), found.id)
  })

  const lastUse = new Map<string, Date>()
  let unknown = 0
  for (const [{ usedAt }, uris] of places) {
    const fileId = uris.map((uri) => fileIds.get(uri)).find((id) => id !== undefined)
    if (fileId === undefined) unknown += 1
    else if ((lastUse.get(fileId)?.getTime() ?? 0) < usedAt.getTime()) lastUse.set(fileId, usedAt)
  }
  const noted = await inGroups([...lastUse], WRITES_AT_ONCE, ([fileId, usedAt]) => noteUse(db, { fileId, usedAt }))
  return { marked: noted.filter(Boolean).length, unknown }
}

/** Itself, and every folder that it lies in. */
function placesOf(uri: string): string[] {
  const [, bucket = '', name = ''] = /^(gs:\/\/[^/]+\/)(.*)$/s.exec(uri) ?? []
  const ends = [...name.matchAll(/\//g)].map(({ index }) => index + 1)
  return [uri, ...ends.map((end) => `${bucket}${name.slice(0, end)}`)].slice(0, MOST_IN_ONE_QUERY)
}
