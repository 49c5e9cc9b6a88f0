import type { Firestore } from '@google-cloud/firestore'
import type { CacheLimits } from '#shared/cache/cache-deps.ts'
import type { HttpClient } from '#shared/http/client.ts'
import type { JobRequests } from '#shared/jobs/job-requests.ts'
import type { ObjectStore } from '#shared/objects/object-store.ts'
import type { ObjectStreams } from '#shared/objects/object-streams.ts'
import type { ReplicateClient } from '#shared/replicate/client.ts'

/** Where the one mail of a training goes, and what it links to. */
export interface MailSettings {
  collection: string
  appUrl: string | null
}

/** What the work on the end of a training needs. */
export interface FinishDeps {
  db: Firestore
  store: ObjectStore
  streams: ObjectStreams
  /** For the weights: with a guard. */
  web: HttpClient
  replicate: ReplicateClient
  jobs: JobRequests
  /** Where trained models lie, and parts of their weights on the way there. */
  bucket: string
  /** What that bucket may hold, and how much of it stays whatever comes. */
  cacheLimits: CacheLimits
  mail: MailSettings
  /** Between two looks at a run. */
  pollMs: number
  /** Of jobs that are asked for. */
  deadlineMs: number
  now: () => Date
}
