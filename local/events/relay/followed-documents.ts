import type { DocumentChange } from '../../documents/server.ts'
import type { StoredDocument } from '../../documents/storage/document.ts'
import { changedFieldPaths } from '../../documents/writes/changed-paths.ts'
import type { ListenMessage } from './listen.ts'

/** The documents of a collection as they were last told, and what each further message changes in them. */
export interface FollowedDocuments {
  /** A new stream begins: like a reset. What is not told until it is current is gone. */
  restart(): void
  /**
   * The changes that a message tells. None before the documents are current for the first time: what exists already has
   * not changed. Throws where the server's count shows that a change was missed.
   */
  follow(message: ListenMessage): DocumentChange[]
}

export function createFollowedDocuments(): FollowedDocuments {
  const known = new Map<string, StoredDocument>()
  /** Told since the last reset; null once current. */
  let told: Set<string> | null = new Set()
  let isBaseline = true

  const remove = (name: string, timeMs: number): DocumentChange[] => {
    const before = known.get(name)
    if (before === undefined) return []
    known.delete(name)
    const commitTime = new Date(timeMs)
    return [{ name, before: before.bytes, after: null, changedFieldPaths: [], commitTime }]
  }

  const put = (after: StoredDocument): DocumentChange[] => {
    const { name, bytes } = after
    told?.add(name)
    const before = known.get(name)
    if (before?.updateTime === after.updateTime) return []
    const changed = before === undefined ? [] : changedFieldPaths(before.fields, after.fields)
    known.set(name, after)
    const commitTime = new Date(after.updateTime / 1000)
    return [{ name, before: before?.bytes ?? null, after: bytes, changedFieldPaths: changed, commitTime }]
  }

  const settle = (timeMs: number): DocumentChange[] => {
    const missing = told === null ? [] : [...known.keys()].filter((name) => !told?.has(name))
    told = null
    return missing.flatMap((name) => remove(name, timeMs))
  }

  const restart = (): void => {
    told = new Set()
  }

  const read = (message: ListenMessage): DocumentChange[] => {
    switch (message.kind) {
      case 'reset':
        restart()
        return []
      case 'exists':
        return put(message.document)
      case 'gone':
        return remove(message.name, message.timeMs)
      case 'current':
        return settle(message.timeMs)
      case 'count':
        if (told === null && message.count !== known.size)
          throw new Error('The server has another number of documents.')
        return []
    }
  }

  return {
    restart,
    follow(message) {
      const changes = read(message)
      if (!isBaseline) return changes
      if (message.kind === 'current') isBaseline = false
      return []
    },
  }
}
