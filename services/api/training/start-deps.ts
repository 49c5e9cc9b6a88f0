import type { Firestore } from '@google-cloud/firestore'
import type { HttpClient } from '#shared/http/client.ts'
import type { Places } from '#shared/jobs/concurrency.ts'
import type { JobRequests } from '#shared/jobs/job-requests.ts'
import type { MalwareScanner } from '#shared/malware/malware-scanner.ts'
import type { ObjectStore } from '#shared/objects/object-store.ts'
import type { ObjectStreams } from '#shared/objects/object-streams.ts'
import type { UrlSigner } from '#shared/objects/signed-urls.ts'
import type { PhotosZipLimits } from '#shared/photos/photos-to-zip.ts'
import type { ReplicateClient } from '#shared/replicate/client.ts'
import type { ModelVersion } from '#shared/replicate/model-version.ts'

/** What the end of a training writes its mail with. */
export interface MailSettings {
  collection: string
  appUrl: string | null
}

/** Where trainings go; null where the service is not set up for it. */
export interface ReplicateSettings {
  client: Pick<ReplicateClient, 'models' | 'trainings'>
  /** The account that owns the trained models. */
  owner: string
  trainer: ModelVersion
  hardware: string
  /** Public base URL of replicate-webhook. */
  webhookUrl: string
}

/** What the start of a training works with. */
export interface StartDeps {
  db: Firestore
  store: ObjectStore
  streams: ObjectStreams
  signer: Pick<UrlSigner, 'signDownload'>
  workBucket: string
  /** With the address guard. */
  web: HttpClient
  scanner: MalwareScanner | null
  replicate: ReplicateSettings | null
  /** Asks for the jobs of replicate-webhook. */
  finishJobs: JobRequests
  mail: MailSettings
  limits: { maxPhotoBytes: number; photos?: PhotosZipLimits }
  /** For whoever makes photos ready: trainings of many people begin at once, each with a decoded photo in memory. */
  photoPlaces: Places
  /** How long the signed URL of the photos is good. */
  zipUrlTtlMs: number
  /** How long a run is looked for whose creation was not answered. */
  createSearchMs: number
  now: () => Date
}
