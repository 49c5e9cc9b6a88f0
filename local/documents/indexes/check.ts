import type { Query } from '#local/documents/queries/query.ts'
import { failedPrecondition } from '#local/documents/wire/status.ts'
import type { Index } from './declared.ts'
import { describeIndex, missingIndex } from './missing.ts'

export interface IndexOptions {
  /** The indexes that exist besides the automatic ones. */
  declared: readonly Index[]
  /** What production does with a query that lacks its index, or a message for each such index, once. */
  onMissing: 'refuse' | ((message: string) => void)
}

/** Looks at each query that is asked. @throws StatusError FAILED_PRECONDITION where a query without its index is to be refused. */
export type IndexCheck = (query: Query) => void

export function createIndexCheck({ declared, onMissing }: IndexOptions): IndexCheck {
  const told = new Set<string>()
  return (query) => {
    const index = missingIndex(query, declared)
    if (index === null) return
    const description = describeIndex(index)
    if (onMissing === 'refuse') throw failedPrecondition(`The query requires an index: ${description}.`)
    if (told.has(description)) return
    told.add(description)
    onMissing(`A query was answered that needs a composite index in production: ${description}.`)
  }
}
