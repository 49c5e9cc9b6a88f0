import type { ObjectFacts } from '#shared/objects/object-store.ts'
import { mayGoOn } from './ask.ts'
import type { CommandContext } from './command.ts'
import { table } from './output.ts'

/** Options of every purge. */
export const purgeOptions = {
  'dry-run': { type: 'boolean', default: false },
  yes: { type: 'boolean', default: false },
} as const

/** One kind of thing that would go. */
export interface PurgePart {
  part: string
  count: number
  /** Of objects; records have none. */
  sizeBytes: number
}

export function objectsPart(part: string, objects: readonly ObjectFacts[]): PurgePart {
  return { part, count: objects.length, sizeBytes: objects.reduce((sum, object) => sum + object.sizeBytes, 0) }
}

export function recordsPart(part: string, count: number): PurgePart {
  return { part, count, sizeBytes: 0 }
}

/**
 * Says what would go, asks, and removes it. True when all went well, or there was nothing to do.
 * @throws UsageError where nobody can be asked and `--yes` was not said.
 */
export async function planAndPurge(
  { output, signal }: CommandContext,
  params: {
    /** Whose things they are: the record's own field, and how people name it. */
    subject: Record<string, string>
    /** More for the record. */
    facts?: Record<string, unknown>
    /** What people should know before they say yes. */
    remark: string
    parts: readonly PurgePart[]
    question: string
    usage: string
    values: { 'dry-run': boolean; yes: boolean }
    remove: () => Promise<void>
  },
): Promise<boolean> {
  const { subject, facts, remark, parts, question, usage, values } = params
  signal.throwIfAborted()
  const record = { ...subject, ...facts, parts }
  const [name = ''] = Object.values(subject)
  const isEmpty = parts.every(({ count }) => count === 0)
  output.result(
    { type: 'plan', ...record },
    isEmpty ? `There is nothing of ${name} to remove.` : `Of ${name} (${remark}):\n${table(rowsOf(parts))}`,
  )
  if (values['dry-run'] || isEmpty) return true
  if (!(await mayGoOn({ output, yes: values.yes, question, usage, signal }))) {
    output.note('Nothing was removed.')
    return false
  }
  await params.remove()
  output.result({ type: 'purged', ...record }, `${name} is purged.`)
  return true
}

function rowsOf(parts: readonly PurgePart[]): (string | number)[][] {
  return parts
    .filter(({ count }) => count > 0)
    .map(({ part, count, sizeBytes }) => [part, count, sizeBytes > 0 ? `${(sizeBytes / 1024).toFixed(1)} KiB` : ''])
}
