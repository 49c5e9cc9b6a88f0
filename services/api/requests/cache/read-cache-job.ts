import { CallerError } from '#shared/errors/app-error.ts'
import { jobRef, toJobRecord } from '#shared/jobs/job-record.ts'
import type { ApiContext } from '../../api-context.ts'
import { type CacheJobView, cacheJobSchema } from '../../endpoints/cache-schemas.ts'
import { reading } from '../reading.ts'
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
    progress: job.progress as CacheJobView['progress'], // Written by the job itself.
    report: job.state === 'done' ? (job.result as CacheJobView['report']) : null,
    error: job.failure && { code: job.failure.code, message: job.failure.message },
    created_at: job.createdAt.toDate().toISOString(),
    finished_at: isoTime(job.finishedAt),
  }
}
