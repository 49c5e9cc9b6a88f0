import type { Micros } from '#local/documents/clock.ts'
import type { Committed } from '#local/documents/engine.ts'
import { matchesQuery } from '#local/documents/queries/matches.ts'
import type { Query } from '#local/documents/queries/query.ts'
import { isBetweenCursors, runQuery } from '#local/documents/queries/run.ts'
import type { StoredChange, StoredDocument } from '#local/documents/storage/document.ts'
import type { DocumentStore } from '#local/documents/storage/store.ts'

/** What a listener is told: documents that are new or changed, and names that are no longer in its set. */
export interface Difference {
  changed: StoredDocument[]
  /** `deleted` tells a document that is gone from one that only left the set. */
  removed: { name: string; deleted: boolean }[]
}

/** A set of documents that a client watches, as of the last time it was told about it. */
export interface WatchedSet {
  /** The set at `time`, as the difference from what the client had at `since` (null: nothing). */
  start(time: Micros, since: Micros | null): Difference
  /** The difference that a commit makes. */
  follow(commit: Committed): Difference
}

/** Watches documents by name. */
export function watchDocuments(store: DocumentStore, names: readonly string[]): WatchedSet {
  const watched = new Set(names)
  return {
    start(time, since) {
      const difference: Difference = { changed: [], removed: [] }
      for (const name of watched) {
        const document = store.get(name, time)
        if (document === null) difference.removed.push({ name, deleted: true })
        else if (since === null || document.updateTime > since) difference.changed.push(document)
      }
      return difference
    },
    follow: ({ changes }) => ({
      changed: changes.flatMap(({ name, after }) => (after !== null && watched.has(name) ? [after] : [])),
      removed: changes
        .filter(({ name, after }) => after === null && watched.has(name))
        .map(({ name }) => ({ name, deleted: true })),
    }),
  }
}

/** Watches the result of a query; one with a limit or an offset is filled up from behind when a document leaves it. */
export function watchQuery(store: DocumentStore, query: Query): WatchedSet {
  let members = new Map<string, Micros>()
  const isWindow = query.limit !== null || query.offset > 0 || query.nearest !== null

  const contains = (document: StoredDocument | null): document is StoredDocument =>
    document !== null && matchesQuery(query, document) && isBetweenCursors(query, document)

  const membersAt = (time: Micros): StoredDocument[] => runQuery(store, query, time).documents

  const moveTo = (documents: readonly StoredDocument[], time: Micros): Difference => {
    const before = members
    members = new Map(documents.map(({ name, updateTime }) => [name, updateTime]))
    return {
      changed: documents.filter(({ name, updateTime }) => before.get(name) !== updateTime),
      removed: [...before.keys()]
        .filter((name) => !members.has(name))
        .map((name) => ({ name, deleted: store.get(name, time) === null })),
    }
  }

  const followOne = ({ name, after }: StoredChange, difference: Difference) => {
    if (contains(after)) {
      members.set(name, after.updateTime)
      difference.changed.push(after)
    } else if (members.delete(name)) {
      difference.removed.push({ name, deleted: after === null })
    }
  }

  return {
    start(time, since) {
      members = new Map((since === null ? [] : membersAt(since)).map(({ name, updateTime }) => [name, updateTime]))
      return moveTo(membersAt(time), time)
    },
    follow({ changes, commitTime }) {
      if (isWindow) {
        const concerns = changes.some(({ before, after }) => contains(before) || contains(after))
        return concerns ? moveTo(membersAt(commitTime), commitTime) : { changed: [], removed: [] }
      }
      const difference: Difference = { changed: [], removed: [] }
      for (const change of changes) followOne(change, difference)
      return difference
    },
  }
}
