import type { WireWrite } from '#local/documents/wire/messages.ts'
import { invalidArgument } from '#local/documents/wire/status.ts'
import { writtenName } from './plan.ts'

type Mutation = 'insert' | 'update' | 'upsert' | 'delete'

/**
 * Refuses writes of one commit that contradict each other whatever is stored: one that inserts what an earlier one has just
 * written, one that updates what an earlier one has deleted. @throws StatusError INVALID_ARGUMENT
 */
export function checkSequence(writes: readonly WireWrite[]): void {
  const latest = new Map<string, Mutation>()
  for (const write of writes) {
    const name = writtenName(write)
    const mutation = mutationOf(write)
    const before = latest.get(name)
    latest.set(name, mutation)
    if (before === undefined) continue
    const isImpossible = before === 'delete' ? mutation === 'update' : mutation === 'insert'
    if (isImpossible) throw invalidArgument(`Cannot ${before} then ${mutation} an entity in the same request.`)
  }
}

function mutationOf({ operation, currentDocument }: WireWrite): Mutation {
  if (operation === 'delete') return 'delete'
  if (currentDocument === null || currentDocument.conditionType === undefined) return 'upsert'
  return currentDocument.conditionType === 'exists' && !currentDocument.exists ? 'insert' : 'update'
}
