import { cacheCleanNames, cacheVerifyNames } from '#shared/cache/cache-jobs.ts'
import type { CleaningWish } from '#shared/cache/plan-cleaning.ts'
import { jobId } from '#shared/jobs/job-record.ts'
import type { JobNames } from '#shared/jobs/job-requests.ts'
import type { Caller } from '../../http/endpoint.ts'
import { requestedId } from '../requested-id.ts'

/** Asks model-sync to evict what was used least recently until the bucket fits, or what is named. @returns the job's id */
export async function askForCleaning(
  caller: Caller,
  wish: CleaningWish & { idempotencyKey: string | null },
): Promise<string> {
  const { maxBytes, keepRecent, fileIds, idempotencyKey } = wish
  const requestId = requestedId({ userId: caller.user.uid, endpoint: 'cleanCache', idempotencyKey })
  return await ask(caller, cacheCleanNames, { requestId, maxBytes, keepRecent, fileIds: fileIds && [...fileIds] })
}

/** Asks model-sync to hold the index against the bucket. @returns the job's id */
export async function askForVerification(
  caller: Caller,
  wish: { repair: boolean; idempotencyKey: string | null },
): Promise<string> {
  const { repair, idempotencyKey } = wish
  const requestId = requestedId({ userId: caller.user.uid, endpoint: 'verifyCache', idempotencyKey })
  return await ask(caller, cacheVerifyNames, { requestId, repair })
}

async function ask<Input>({ context, logger }: Caller, names: JobNames<Input>, input: Input): Promise<string> {
  const { cacheJobs } = await context.loadClients()
  await cacheJobs.enqueue(names, input)
  const id = jobId(names.key(input))
  logger.info('Work on the cache was asked for.', { jobId: id, kind: names.kind })
  return id
}
