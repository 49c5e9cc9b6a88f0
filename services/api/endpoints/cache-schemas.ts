import * as z from 'zod'
import { failureSchema, timeSchema } from './common-schemas.ts'

/** A row of `model_files`: a SHA-256, or a source and a hash of what names the file there. */
export const fileIdSchema = z.string().regex(/^[a-z0-9][a-z0-9-]{7,99}$/, 'Give the `file_id` of a file of the cache.')

export const fileIdParams = z.strictObject({ id: fileIdSchema })

const cachedFileSchema = z
  .strictObject({
    file_id: z.string().describe('Its SHA-256 where that was known before it was copied.'),
    uri: z.string().meta({ examples: ['gs://charaforge-models/models/DreamShaper/128713.safetensors'] }),
    size_bytes: z.int(),
    sha256: z.string().nullable().describe('Null for a folder.'),
    last_used_at: timeSchema.nullable(),
    pinned: z.boolean(),
    leased_until: timeSchema.nullable().describe('Until when somebody may be reading it; it is not evicted before.'),
    models: z
      .array(z.strictObject({ model_id: z.string(), name: z.string().nullable() }))
      .describe('What is synced to it.'),
  })
  .meta({ id: 'CachedFile', description: 'A file, or a folder, of the models bucket that can be fetched anew.' })
export type CachedFileView = z.output<typeof cachedFileSchema>

export const cachedFileAnswerSchema = z.strictObject({ file: cachedFileSchema }).meta({ id: 'CachedFileAnswer' })

export const cachePageSchema = z
  .strictObject({
    used_bytes: z
      .int()
      .nullable()
      .describe('Everything that lies in the bucket, trained weights included; null before anything was counted.'),
    reserved_bytes: z.int().describe('Room that copies under way have taken for themselves.'),
    trained_bytes: z.int().nullable().describe('Weights that were trained, which are never evicted.'),
    limit_bytes: z.int().nullable().describe('Null for no limit.'),
    files: z.array(cachedFileSchema),
    next_cursor: z.string().nullable().describe('For `cursor`; null at the end.'),
  })
  .meta({ id: 'CachePage', description: 'How full the models bucket is, and a page of what lies there.' })
export type CachePageView = z.output<typeof cachePageSchema>

export const cleanPlanSchema = z
  .strictObject({
    max_bytes: z.int().nullable().describe('What the bucket is cut down to; null for no limit.'),
    keep_recent: z.int(),
    evict: z.array(cachedFileSchema).describe('What would go, first of all what was not used for longest.'),
    keep: z.array(
      z.strictObject({ file: cachedFileSchema, why: z.enum(['pinned', 'leased', 'recent', 'in-use', 'fits']) }),
    ),
    freed_bytes: z.int(),
    freed_space_gb: z.number().describe('The same in GiB.'),
  })
  .meta({ id: 'CleanPlan', description: 'What a clean-up would evict at this moment, and why the rest stays.' })
export type CleanPlanView = z.output<typeof cleanPlanSchema>

const progressSchema = z
  .strictObject({
    phase: z.enum(['evicting', 'hashing', 'looking-for-strays', 'counting']),
    done_files: z.int(),
    total_files: z.int(),
    done_bytes: z.int(),
    total_bytes: z.int(),
  })
  .meta({ id: 'CacheProgress' })

const cleanReportSchema = z
  .strictObject({
    deleted_count: z.int(),
    freed_space_gb: z.number(),
    freed_bytes: z.int(),
    kept_models: z.array(
      z.strictObject({
        file_id: z.string(),
        uri: z.string(),
        bytes: z.int(),
        models: z.array(z.string()),
        why: z.string(),
      }),
    ),
    spared_count: z.int().describe('Files that should have gone, but were used, pinned or held meanwhile.'),
  })
  .meta({ id: 'CleanReport' })

const verifyReportSchema = z
  .strictObject({
    checked_files: z.int(),
    checked_bytes: z.int(),
    repaired: z.boolean(),
    findings: z.array(
      z.strictObject({
        kind: z.enum(['missing', 'damaged', 'adopted', 'stray', 'model-without-file', 'unchecked']),
        uri: z.string(),
        file_id: z.string().nullable(),
        models: z.array(z.string()),
        bytes: z.int().nullable(),
        detail: z.string(),
      }),
    ),
    findings_count: z.int(),
    drift_bytes: z.int().describe('What the books count less what lies there.'),
  })
  .meta({ id: 'VerifyReport' })

export const cacheJobSchema = z
  .strictObject({
    job_id: z.string(),
    kind: z.enum(['cache-clean', 'cache-verify']),
    state: z.enum(['queued', 'running', 'waiting', 'done', 'canceled', 'failed']),
    progress: progressSchema.nullable(),
    report: z.union([cleanReportSchema, verifyReportSchema]).nullable().describe('By `kind`; once it is done.'),
    error: failureSchema.nullable(),
    created_at: timeSchema,
    finished_at: timeSchema.nullable(),
  })
  .meta({ id: 'CacheJob', description: 'Work on the cache: how far it is, and its report once it is done.' })
export type CacheJobView = z.output<typeof cacheJobSchema>

export const cacheJobAnswerSchema = z
  .strictObject({ job_id: z.string().describe('For GET /api/cache/jobs/{id}.') })
  .meta({ id: 'CacheJobAnswer' })
