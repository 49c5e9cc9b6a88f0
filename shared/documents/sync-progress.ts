import type { Firestore } from '@google-cloud/firestore'
import * as z from 'zod'
import { isTerminal, jobRef, toJobRecord } from '#shared/jobs/job-record.ts'
import { slotHolder } from '#shared/jobs/slot.ts'

/** `jobs/{id}.progress` of a copy, and of every sync that waits for it. */
export const syncProgressSchema = z.object({
  phase: z.enum(['copying', 'verifying', 'publishing']),
  doneBytes: z.number(),
  /** Null while nobody knows. */
  sizeBytes: z.number().nullable(),
  bytesPerSecond: z.number(),
  etaSeconds: z.number().nullable(),
  lanes: z.number(),
})

export type SyncProgress = z.infer<typeof syncProgressSchema>

/** The run slot of a model: which of its wishes is the current one. */
export function modelSlotPath(modelId: string): string {
  return `model_runs/${modelId}`
}

/** How far the copy is that a model waits for; null where none has begun. Throws what Firestore's client throws. */
export async function syncProgressOf(db: Firestore, modelId: string): Promise<SyncProgress | null> {
  const slot = await slotHolder(null, db.doc(modelSlotPath(modelId)))
  const job = slot && toJobRecord(await jobRef(db, slot.jobId).get())
  if (!job || isTerminal(job.state)) return null
  return syncProgressSchema.safeParse(job.progress).data ?? null
}
