import type { Recording } from './recording.ts'

/** What one run asked of one service, and that of Google: the quantities that are billed. */
export interface ServiceQuantities {
  requests: number
  /** Seconds in which it answered at least one request, on this machine and with stand-ins for providers. */
  busySeconds: number
  documentReads: number
  documentWrites: number
  documentDeletes: number
  /** Cloud Storage's classes of operations; deletions are free. */
  classA: number
  classB: number
  tasks: number
}

export type RunQuantities = Readonly<Record<string, ServiceQuantities>>

/** https://cloud.google.com/storage/pricing#operations-by-class */
const CLASS_B = new Set(['storage.objects.get', 'storage.buckets.get'])
const FREE = new Set(['storage.objects.delete'])

/** What a recording has counted so far. */
export function quantitiesOf(recording: Recording): ServiceQuantities {
  const calls = recording.calls()
  const sum = (isCounted: (method: string) => boolean) =>
    calls.reduce((total, { call, count }) => total + (isCounted(call.method) ? count : 0), 0)
  return {
    requests: recording.served.length,
    busySeconds: recording.busySeconds(),
    documentReads: recording.documents.reads,
    documentWrites: recording.documents.writes,
    documentDeletes: recording.documents.deletes,
    classA: sum((method) => method.startsWith('storage.') && !CLASS_B.has(method) && !FREE.has(method)),
    classB: sum((method) => CLASS_B.has(method)),
    tasks: sum((method) => method === 'cloudtasks.tasks.create'),
  }
}

/** What was counted between two looks at the same recordings. */
export function between(before: RunQuantities, after: RunQuantities): RunQuantities {
  return Object.fromEntries(
    Object.entries(after).map(([service, now]) => {
      const then = before[service]
      const difference = Object.entries(now).map(([name, value]) => [
        name,
        value - (then?.[name as keyof ServiceQuantities] ?? 0),
      ])
      return [service, Object.fromEntries(difference) as ServiceQuantities] // The same names as in `now`.
    }),
  )
}
