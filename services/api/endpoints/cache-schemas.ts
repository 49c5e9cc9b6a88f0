import * as z from 'zod'
import { failureSchema, timeSchema } from './common-schemas.ts'

export const cacheJobSchema = z
  .strictObject({
    job_id: z.string(),
    kind: z.enum(['cache-clean', 'cache-verify']),
    state: z.enum(['queued', 'running', 'waiting', 'done', 'canceled', 'failed']),
    progress: z.record(z.string(), z.unknown()).nullable(),
    report: z.record(z.string(), z.unknown()).nullable(),
    error: failureSchema.nullable(),
    created_at: timeSchema,
    finished_at: timeSchema.nullable(),
  })
  .meta({ id: 'CacheJob', description: 'Work on the cache: how far it is, and its report once it is done.' })
export type CacheJobView = z.output<typeof cacheJobSchema>
