import type { Firestore } from '@google-cloud/firestore'
import type { Storage } from '@google-cloud/storage'
import type { JobRequests } from '#shared/jobs/job-requests.ts'
import type { ObjectStore } from '#shared/objects/object-store.ts'
import type { UrlSigner } from '#shared/objects/signed-urls.ts'
import type { ServiceJobs } from '#shared/server/lazy-jobs.ts'

/** What endpoints work with. */
export interface ApiClients {
  db: Firestore
  storage: Storage
  store: ObjectStore
  /** Signs upload and download URLs. */
  signer: UrlSigner
  /** Asks for this service's own job, `training-start`: by its queue and never by working on it within the request. */
  startJobs: JobRequests
  /** Asks for the jobs of replicate-webhook. */
  finishJobs: JobRequests
  /** Asks for the jobs of model-sync that are about the cache. */
  cacheJobs: JobRequests
}

/** What the api does once its clients are there. */
export interface ApiJobs extends ServiceJobs {
  clients: ApiClients
}
