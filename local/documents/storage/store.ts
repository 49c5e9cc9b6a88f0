import type { Micros } from '#local/documents/clock.ts'
import { type DocumentName, parseDocumentName } from '#local/documents/names.ts'
import { compareIds } from '#local/documents/values/text-order.ts'
import { failedPrecondition } from '#local/documents/wire/status.ts'
import type { StoredChange, StoredDocument } from './document.ts'

/** Older versions stay readable for this long, as in the real service without point-in-time recovery … */
const HISTORY_MICROS = 3_600_000_000
/** … unless together they are larger than this. */
const HISTORY_BYTES = 64 * 1024 * 1024

interface Entry {
  id: string
  /** When `current` became so. */
  since: Micros
  current: StoredDocument | null
  /** Superseded versions, oldest first; null where the document was absent. */
  older: { since: Micros; document: StoredDocument | null }[]
}

/** The documents directly in one collection. */
export interface Collection {
  /** The full name, projects/…/documents/a/b/c. */
  name: string
  database: string
  collectionId: string
}

interface Table extends Collection {
  entries: Map<string, Entry>
  /** The entries by id; null until somebody asks for them in order. */
  sorted: Entry[] | null
}

/** All documents in memory with their recent versions. Reads take `at` to look into the past, null for the present. */
export interface DocumentStore {
  get(name: string, at?: Micros | null): StoredDocument | null
  /** The documents of a collection in the order of their ids. */
  scan(collection: Collection, at?: Micros | null): Iterable<StoredDocument>
  collection(name: string): Collection | null
  /** Every collection of a database that has or had documents. */
  collections(database: string): Iterable<Collection>
  apply(changes: readonly StoredChange[], time: Micros): void
  /** Every present document. */
  all(): Iterable<StoredDocument>
  /** Forgets all older versions: what was before `time` cannot be read. */
  startHistory(time: Micros): void
  /** @throws StatusError FAILED_PRECONDITION when versions of that time are no longer all kept. */
  checkReadable(at: Micros): void
}

export function createDocumentStore(): DocumentStore {
  const tables = new Map<string, Table>()
  const databases = new Map<string, Set<Table>>()
  const history: { table: Table; entry: Entry; until: Micros; bytes: number }[] = []
  let historyStart = 0
  let historyBytes = 0
  let horizon: Micros = 0

  const find = (name: string): Entry | undefined => {
    const slash = name.lastIndexOf('/')
    return tables.get(name.slice(0, slash))?.entries.get(name.slice(slash + 1))
  }

  const tableFor = (name: DocumentName): Table => {
    const known = tables.get(name.collection)
    if (known !== undefined) return known
    const { collection, database, collectionId } = name
    const table: Table = { name: collection, database, collectionId, entries: new Map(), sorted: null }
    tables.set(collection, table)
    const siblings = databases.get(database) ?? new Set()
    databases.set(database, siblings.add(table))
    return table
  }

  const supersede = (table: Table, entry: Entry, time: Micros) => {
    entry.older.push({ since: entry.since, document: entry.current })
    const bytes = 200 + (entry.current?.bytes.length ?? 0)
    history.push({ table, entry, until: time, bytes })
    historyBytes += bytes
  }

  const forget = (now: Micros) => {
    for (let item = history[historyStart]; item !== undefined; item = history[++historyStart]) {
      if (item.until >= now - HISTORY_MICROS && historyBytes <= HISTORY_BYTES) break
      item.entry.older.shift()
      historyBytes -= item.bytes
      horizon = item.until
      if (item.entry.current === null && item.entry.older.length === 0) dropEntry(item.table, item.entry)
    }
    // Cutting the array costs its length, so it is done when half of it is gone.
    if (historyStart <= 1024 || historyStart * 2 <= history.length) return
    history.splice(0, historyStart)
    historyStart = 0
  }

  const dropEntry = (table: Table, entry: Entry) => {
    table.entries.delete(entry.id)
    table.sorted?.splice(placeOf(table.sorted, entry.id), 1)
    if (table.entries.size > 0) return
    tables.delete(table.name)
    databases.get(table.database)?.delete(table)
  }

  return {
    get(name, at = null) {
      const entry = find(name)
      return entry === undefined ? null : versionAt(entry, at)
    },
    *scan(collection, at = null) {
      const table = tables.get(collection.name)
      if (table === undefined) return
      table.sorted ??= [...table.entries.values()].sort((left, right) => compareIds(left.id, right.id))
      for (const entry of table.sorted) {
        const document = versionAt(entry, at)
        if (document !== null) yield document
      }
    },
    collection: (name) => tables.get(name) ?? null,
    collections: (database) => databases.get(database) ?? [],
    apply(changes, time) {
      for (const { name, after } of changes) {
        const parsed = parseDocumentName(name)
        const table = tableFor(parsed)
        const entry = table.entries.get(parsed.id)
        if (entry !== undefined) {
          supersede(table, entry, time)
          entry.current = after
          entry.since = time
        } else if (after !== null) {
          const added: Entry = { id: parsed.id, since: time, current: after, older: [] }
          table.entries.set(parsed.id, added)
          table.sorted?.splice(placeOf(table.sorted, parsed.id), 0, added)
        }
      }
      forget(time)
    },
    *all() {
      for (const table of tables.values()) {
        for (const entry of table.entries.values()) if (entry.current !== null) yield entry.current
      }
    },
    startHistory(time) {
      for (const { entry, table } of history.splice(0)) {
        entry.older = []
        if (entry.current === null && table.entries.get(entry.id) === entry) dropEntry(table, entry)
      }
      historyStart = 0
      historyBytes = 0
      horizon = time
    },
    checkReadable(at) {
      if (at < horizon) throw failedPrecondition('The requested read time is too old.')
    },
  }
}

/** Where an id is, or would be, among sorted entries. */
function placeOf(sorted: readonly Entry[], id: string): number {
  let low = 0
  let high = sorted.length
  while (low < high) {
    const middle = (low + high) >>> 1
    if (compareIds((sorted[middle] as Entry).id, id) < 0) low = middle + 1
    else high = middle
  }
  return low
}

function versionAt(entry: Entry, at: Micros | null): StoredDocument | null {
  if (at === null || entry.since <= at) return entry.current
  for (let index = entry.older.length - 1; index >= 0; index--) {
    const version = entry.older[index]
    if (version !== undefined && version.since <= at) return version.document
  }
  return null
}
