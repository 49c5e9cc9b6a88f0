import * as z from 'zod'

/** What forge reads of the API's answers about the cache; more fields may be there. */

const cachedFile = z.object({
  file_id: z.string(),
  uri: z.string(),
  size_bytes: z.number(),
  sha256: z.string().nullable(),
  last_used_at: z.string().nullable(),
  pinned: z.boolean(),
  leased_until: z.string().nullable(),
  models: z.array(z.object({ model_id: z.string(), name: z.string().nullable() })),
})
export type CachedFileRecord = z.output<typeof cachedFile>

export const cachePage = z.object({
  used_bytes: z.number().nullable(),
  reserved_bytes: z.number(),
  trained_bytes: z.number().nullable(),
  limit_bytes: z.number().nullable(),
  files: z.array(cachedFile),
  next_cursor: z.string().nullable(),
})
export type CachePageRecord = z.output<typeof cachePage>

export const fileAnswer = z.object({ file: cachedFile })

const cleanPlan = z.object({
  max_bytes: z.number().nullable(),
  keep_recent: z.number(),
  evict: z.array(cachedFile),
  keep: z.array(z.object({ file: cachedFile, why: z.string() })),
  freed_bytes: z.number(),
  freed_space_gb: z.number(),
})
export type CleanPlanRecord = z.output<typeof cleanPlan>

export const cleanPlanAnswer = z.object({ plan: cleanPlan })
export const cacheJobAnswer = z.object({ job_id: z.string() })
export const usesAnswer = z.object({ marked: z.number(), unknown: z.number() })

export const cleanReport = z.object({
  deleted_count: z.number(),
  freed_space_gb: z.number(),
  freed_bytes: z.number(),
  kept_models: z.array(
    z.object({
      file_id: z.string(),
      uri: z.string(),
      bytes: z.number(),
      models: z.array(z.string()),
      why: z.string(),
    }),
  ),
  spared_count: z.number(),
})
export type CleanReportRecord = z.output<typeof cleanReport>

export const verifyReport = z.object({
  checked_files: z.number(),
  checked_bytes: z.number(),
  repaired: z.boolean(),
  findings: z.array(
    z.object({
      kind: z.string(),
      uri: z.string(),
      file_id: z.string().nullable(),
      models: z.array(z.string()),
      bytes: z.number().nullable(),
      detail: z.string(),
    }),
  ),
  findings_count: z.number(),
  drift_bytes: z.number(),
})
export type VerifyReportRecord = z.output<typeof verifyReport>

const cacheJobFields = z.object({
  job_id: z.string(),
  state: z.string(),
  progress: z
    .object({
      phase: z.string(),
      done_files: z.number(),
      total_files: z.number(),
      done_bytes: z.number(),
      total_bytes: z.number(),
    })
    .nullable(),
  error: z.object({ code: z.string(), message: z.string() }).nullable(),
})
export type CacheJobRecord<Report> = z.output<typeof cacheJobFields> & { report: Report | null }

/** A clean-up or a verification, by the schema of its report. */
export function cacheJob<Report>(report: z.ZodType<Report>): z.ZodType<CacheJobRecord<Report>> {
  return cacheJobFields.and(z.object({ report: report.nullable() }))
}
