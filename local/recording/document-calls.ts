import { z } from 'zod'
import type { ApiCall, DocumentCounts } from './recording.ts'

/** What a proxy tells of one call: each request as it comes, then what was answered; both encoded. */
export interface FirestoreExchange {
  asked(request: Buffer): void
  /** `request` is null for a stream's answers. */
  billed(request: Buffer | null, answers: readonly Buffer[]): void
}

const writeSchema = z.object({
  delete: z.string().optional(),
  currentDocument: z.object({ exists: z.boolean().optional(), updateTime: z.string().optional() }).optional(),
})
const requestSchema = z.object({
  writes: z.array(writeSchema).default([]),
  newTransaction: z.unknown().optional(),
})
const answerSchema = z.object({
  found: z.unknown().optional(),
  missing: z.string().optional(),
  document: z.unknown().optional(),
  documents: z.array(z.unknown()).default([]),
  documentChange: z.unknown().optional(),
})

/** The calls that a request stands for: a commit for each kind of write in it, and the transaction that it begins. */
export function documentCalls(method: string, json: unknown): ApiCall[] {
  const { writes, newTransaction } = requestSchema.parse(json)
  const call = (name: string, variant: string | null = null): ApiCall => ({
    method: `firestore.${name}`,
    variant,
    on: 'project',
  })
  const begun = newTransaction === undefined ? [] : [call('BeginTransaction')]
  if (method !== 'Commit' && method !== 'BatchWrite') return [call(method), ...begun]
  if (writes.length === 0) return [call(method, 'nothing')]
  return writes.map((write) => call(method, kindOf(write)))
}

function kindOf({ delete: deleted, currentDocument }: z.infer<typeof writeSchema>): string {
  if (deleted !== undefined) return 'delete'
  if (currentDocument?.exists === true || currentDocument?.updateTime !== undefined) return 'update'
  return currentDocument?.exists === false ? 'create' : 'set'
}

/** What Firestore bills for an answered call: a lookup costs a read even where nothing is found, and so does a query. */
export function billedFor(method: string, request: unknown, answers: readonly unknown[]): DocumentCounts {
  const none = { reads: 0, writes: 0, deletes: 0 }
  switch (method) {
    case 'Commit':
    case 'BatchWrite': {
      const { writes } = requestSchema.parse(request)
      const deletes = writes.filter((write) => write.delete !== undefined).length
      return { ...none, deletes, writes: writes.length - deletes }
    }
    case 'RunQuery':
    case 'ListDocuments':
      return { ...none, reads: Math.max(1, documentsIn(answers)) }
    case 'GetDocument':
    case 'RunAggregationQuery':
      return { ...none, reads: 1 }
    case 'BatchGetDocuments':
    case 'Listen':
      return { ...none, reads: documentsIn(answers) }
    default:
      return none
  }
}

function documentsIn(answers: readonly unknown[]): number {
  return answers.reduce<number>((sum, answer) => {
    const { found, missing, document, documents, documentChange } = answerSchema.parse(answer)
    const single = [found, missing, document, documentChange].filter((one) => one !== undefined).length
    return sum + single + documents.length
  }, 0)
}
