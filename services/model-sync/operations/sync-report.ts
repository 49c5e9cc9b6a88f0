import type { Firestore } from '@google-cloud/firestore'
import * as z from 'zod'
import { modelFileRef } from '#shared/documents/model-files.ts'
import { type JobRecord, jobRef, toJobRecord } from '#shared/jobs/job-record.ts'

const resultSchema = z.object({ gcsUri: z.string(), sha256: z.string().nullable(), sizeBytes: z.number() })
const resolvedSchema = z.object({ fileId: z.string() })

/** What came of a sync, for whoever asked for it. */
export interface SyncReport {
  state: JobRecord['state']
  /** Null unless it is done. */
  file: {
    gcsUri: string
    /** Null for a folder. */
    sha256: string | null
    sizeBytes: number
    /** How long its bytes took; null when they were in the bucket before this sync was asked for. */
    copiedMs: number | null
  } | null
  /** Null unless it failed or was canceled. */
  failure: { code: string; message: string; retryAt: Date | null } | null
  /** From the wish to the end. */
  totalMs: number
}

/** Reads what a sync that has ended came to. */
export async function reportSync(db: Firestore, job: JobRecord): Promise<SyncReport> {
  const { state, failure } = job
  const result = resultSchema.safeParse(job.result)
  return {
    state,
    file: result.success ? { ...result.data, copiedMs: await copiedMs(db, job) } : null,
    failure: failure && {
      code: failure.code,
      message: failure.message,
      retryAt: failure.retryAt?.toDate() ?? null,
    },
    totalMs: (job.finishedAt ?? job.updatedAt).toMillis() - job.createdAt.toMillis(),
  }
}

/** Of the copy that this sync waited for: the last one of its file, if it ended since the wish. */
async function copiedMs(db: Firestore, sync: JobRecord): Promise<number | null> {
  const resolved = resolvedSchema.safeParse(sync.steps.resolve?.result)
  if (!resolved.success) return null
  const copyId: unknown = (await modelFileRef(db, resolved.data.fileId).get()).get('copyJobId')
  const copy = typeof copyId === 'string' ? toJobRecord(await jobRef(db, copyId).get()) : null
  if (!copy?.finishedAt || copy.state !== 'done') return null
  const wasThere = copy.finishedAt.toMillis() < sync.createdAt.toMillis()
  return wasThere ? null : copy.finishedAt.toMillis() - copy.createdAt.toMillis()
}
