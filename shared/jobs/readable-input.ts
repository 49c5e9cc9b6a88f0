import type * as z from 'zod'
import type { JobRecord } from './job-record.ts'

/**
 * What a stored job was asked to do; null where there is no record of it, or one that only another version can read. Whoever
 * tidies up knows no more than its id then, and must not stop at it.
 */
export function readableInput<Input>(schema: z.ZodType<Input>, job: JobRecord | null): Input | null {
  return job === null ? null : (schema.safeParse(job.input).data ?? null)
}
