import type { Firestore } from '@google-cloud/firestore'
import type { JobRequests } from '#shared/jobs/job-requests.ts'
import type { ObjectFacts, ObjectStore } from '#shared/objects/object-store.ts'

export interface PurgeDeps {
  db: Firestore
  store: ObjectStore
  /** The app's: pictures of generations. */
  bucket: string
  workBucket: string
  modelsBucket: string
  mailCollection: string
  /** Asks for the jobs of replicate-webhook, which ends runs that go on. */
  finishJobs: JobRequests
}

/** Objects below a prefix, at one depth of it: a user's id may hold a slash, and one prefix begin another's. */
export async function listed(
  store: ObjectStore,
  bucket: string,
  below: { prefix: string; depth: number },
): Promise<ObjectFacts[]> {
  const found: ObjectFacts[] = []
  for await (const object of store.list(bucket, below.prefix)) {
    const depth = object.name.slice(below.prefix.length).split('/').length
    if (depth === below.depth) found.push(object)
  }
  return found
}
