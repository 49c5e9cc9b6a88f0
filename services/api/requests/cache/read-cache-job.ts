import type { CacheJobProgress } from '#shared/cache/cache-jobs.ts'
import { reading } from '#shared/documents/reading.ts'
import { CallerError } from '#shared/errors/app-error.ts'
import { jobRef, toJobRecord } from '#shared/jobs/job-record.ts'
import type { ApiContext } from '../../api-context.ts'
import { type CacheJobView, cacheJobSchema } from '../../endpoints/cache-schemas.ts'
import { isoTime } from '../training-view.ts'

const kinds: readonly string[] = cacheJobSchema.shape.kind.options

/** A job of the cache by its id. @throws CallerError 404 `job.not-found`, also for a job of another kind. */
export async function readCacheJob(context: ApiContext, id: string): Promise<CacheJobView> {
  const { db } = await context.loadClients()
  const job = toJobRecord(await reading(jobRef(db, id).get()))
  if (job === null || !kinds.includes(job.kind)) {
    throw new CallerError({ status: 404, code: 'job.not-found', message: `The cache has no job ${id}.` })
  }
  return {
    job_id: id,
    kind: job.kind as CacheJobView['kind'], // One of `kinds`.
    state: job.state,
    progress: progressOf(job.progress),
    report: job.state === 'done' ? (job.result as CacheJobView['report']) : null,
    error: job.failure && { code: job.failure.code, message: job.failure.message },
    created_at: job.createdAt.toDate().toISOString(),
    finished_at: isoTime(job.finishedAt),
  }
}

/** The casts are safe: the jobs of these kinds write nothing else. Null until the first of it. */
function progressOf(progress: unknown): CacheJobView['progress'] {
  const said = progress as Partial<CacheJobProgress> | null
  if (said?.phase === undefined) return null
  const { phase, doneFiles = 0, totalFiles = 0, doneBytes = 0, totalBytes = 0 } = said
  return { phase, done_files: doneFiles, total_files: totalFiles, done_bytes: doneBytes, total_bytes: totalBytes }
}
