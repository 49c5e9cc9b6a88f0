import * as z from 'zod'
import type { JobNames } from '#shared/jobs/job-requests.ts'

/** Removes what was used least recently until the cache fits, or the files that somebody names. Kept in the job. */
export const cacheCleanInputSchema = z.object({
  /** Made by whoever asks: the same id is the same job. */
  requestId: z.string().min(1),
  /** What the bucket may hold afterwards; null for the configured limit. */
  maxBytes: z.number().int().nonnegative().nullable(),
  /** So many that were used last stay; null for the configured number. */
  keepRecent: z.number().int().nonnegative().nullable(),
  /** These, however much room there is; null for whatever is to go by the limits. */
  fileIds: z.array(z.string()).nullable().default(null),
})

export type CacheCleanInput = z.infer<typeof cacheCleanInputSchema>

/** Holds the index against what lies in the bucket, byte by byte. Kept in the job. */
export const cacheVerifyInputSchema = z.object({
  requestId: z.string().min(1),
  /** Whether what is found wrong is put right, or only told. */
  repair: z.boolean(),
})

export type CacheVerifyInput = z.infer<typeof cacheVerifyInputSchema>

export const cacheCleanNames = {
  kind: 'cache-clean',
  key: ({ requestId }) => `cache-clean:${requestId}`,
  subject: () => 'cache',
} satisfies JobNames<CacheCleanInput>

export const cacheVerifyNames = {
  kind: 'cache-verify',
  key: ({ requestId }) => `cache-verify:${requestId}`,
  subject: () => 'cache',
} satisfies JobNames<CacheVerifyInput>

/** `jobs/{id}.progress` of both. */
export interface CacheJobProgress {
  phase: 'evicting' | 'hashing' | 'looking-for-strays' | 'counting'
  doneFiles: number
  totalFiles: number
  doneBytes: number
  totalBytes: number
}

/** `jobs/{id}.result` of a clean-up. Snake case: people and the API get it as it is. */
export interface CleanReport {
  deleted_count: number
  freed_space_gb: number
  freed_bytes: number
  /** Files that stay, and why. */
  kept_models: { file_id: string; uri: string; bytes: number; models: readonly string[]; why: string }[]
  /** Files that should have gone, but were used, pinned or held meanwhile. */
  spared_count: number
}

/** `jobs/{id}.result` of a verification. */
export interface VerifyReport {
  checked_files: number
  checked_bytes: number
  /** Whether they were put right, but for those that no program can. */
  repaired: boolean
  /** What is not as it should be; empty where all is well. At most 500 of them. */
  findings: VerifyFinding[]
  findings_count: number
  /** The ledger's bytes less those that lie there. */
  drift_bytes: number
}

export interface VerifyFinding {
  kind: /** The index names a file that the bucket does not have. */
    | 'missing'
    /** Other bytes than the index says. */
    | 'damaged'
    /** In the bucket and not in the index; taken into it. */
    | 'adopted'
    /** In the bucket and nobody knows what it is; left alone. */
    | 'stray'
    /** A model that says it is synced, to a file that is not there. */
    | 'model-without-file'
    /** Too large to be read again within one request, or unreadable now. */
    | 'unchecked'
  uri: string
  file_id: string | null
  models: readonly string[]
  bytes: number | null
  detail: string
}
