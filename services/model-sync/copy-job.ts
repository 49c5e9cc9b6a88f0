import type { Firestore } from '@google-cloud/firestore'
import { isStoredFile, type ModelFile, modelFileRef } from '#shared/documents/model-files.ts'
import type { JobDefinition } from '#shared/jobs/definition.ts'
import { isTerminal, jobRef, toJobRecord } from '#shared/jobs/job-record.ts'
import type { JobRequests } from '#shared/jobs/job-requests.ts'
import type { JobRun } from '#shared/jobs/job-run.ts'
import type { ObjectStore } from '#shared/objects/object-store.ts'
import { removeBelow } from '#shared/objects/remove-below.ts'
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
}

async function wakeWaiters(deps: CopyCleaning, input: CopyInput): Promise<void> {
  const row = (await modelFileRef(deps.db, input.fileId).get()).data() as ModelFile | undefined // written by us alone
  if (row?.round !== input.round) return
  for (const { jobId } of row.waiters) {
    const job = toJobRecord(await jobRef(deps.db, jobId).get())
    if (job && !isTerminal(job.state)) await deps.jobs.wake({ id: jobId, fence: job.fence })
  }
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
