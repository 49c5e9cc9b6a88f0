import * as z from 'zod'

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
