import type { Firestore } from '@google-cloud/firestore'
import { releaseRoom } from '#shared/cache/reserve-room.ts'
import { isStoredFile, type ModelFile, modelFileRef } from '#shared/documents/model-files.ts'
import type { JobDefinition } from '#shared/jobs/definition.ts'
import type { JobRequests } from '#shared/jobs/job-requests.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import type { ObjectStore } from '#shared/objects/object-store.ts'
import { removeBelow } from '#shared/objects/remove-below.ts'
import { wakeJobs } from './cache/wake-copies.ts'
import { type CopyInput, copyInputSchema, copyJobNames, copyWorkPrefix } from './copy-input.ts'

interface CopyCleaning {
  db: Firestore
  store: ObjectStore
  bucket: string
  jobs: Pick<JobRequests, 'wake'>
}

export interface CopyJobParts extends CopyCleaning {
  /** From the claim to the published file. */
  work(run: JobRun<CopyInput>): Promise<void>
}

/** The copy job: what `shared/jobs` needs to know of it. */
export function copyJob(deps: CopyJobParts): JobDefinition<CopyInput> {
  return {
    ...copyJobNames,
    parseInput: (stored) => copyInputSchema.parse(stored),
    admit: async () => ({ kind: 'run', note: null, slot: null }),
    run: deps.work,
    // Whoever waits is woken by `cleanUp`, reads this failure and shows it.
    failed: async () => () => {},
    cleanUp: ({ input, jobId }) => cleanUpCopy(deps, input, jobId),
  }
}

/** Tells those who wait that a copy has ended, and removes what only it knew of. May be repeated. */
export async function cleanUpCopy(deps: CopyCleaning, input: CopyInput, jobId: string): Promise<void> {
  await wakeWaiters(deps, input)
  await removeCopyWork(deps.store, { bucket: deps.bucket, jobId })
  await removeUnreferenced(deps, input, jobId)
  // Only now: until it is gone it takes room.
  await wakeJobs(deps, await releaseRoom(deps, jobId))
}

async function wakeWaiters(deps: CopyCleaning, input: CopyInput): Promise<void> {
  const row = (await modelFileRef(deps.db, input.fileId).get()).data() as ModelFile | undefined // written by us alone
  if (row?.round !== input.round) return
  const waiters = row.waiters.map(({ jobId }) => jobId)
  await wakeJobs(deps, waiters)
}

/** Removes every part of a copy. */
export async function removeCopyWork(store: ObjectStore, work: { bucket: string; jobId: string }): Promise<void> {
  await removeBelow(store, { bucket: work.bucket, prefix: copyWorkPrefix(work.jobId) })
}

/** Removes what a copy published and nobody was told of: it was canceled, or died, between the two. */
async function removeUnreferenced(deps: CopyCleaning, input: CopyInput, jobId: string): Promise<void> {
  const { store, bucket, db } = deps
  const isFolder = input.layout === 'folder'
  // Also under the name that a file gets beside another of the same model and version.
  for await (const object of store.list(bucket, input.target)) {
    if (object.metadata.copyJobId !== jobId) continue
    if (await isStoredFile(db, { bucket, name: isFolder ? input.target : object.name })) continue
    // Unless another copy adopts it in this moment.
    await store.remove(object, object.generation, object.metageneration)
  }
}
