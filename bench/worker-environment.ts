import { localBuckets, localProject } from '#local/cloud.ts'
import type { PostRequest } from './http-bytes.ts'

/** The environment of an image worker between local servers, without keys. */
export function workerEnvironment(servers: { bucketUrl: string; documentsHost: string }): Record<string, string> {
  return {
    PATH: process.env.PATH ?? '',
    GOOGLE_CLOUD_PROJECT: localProject,
    STORAGE_BUCKET: localBuckets.app,
    WORK_BUCKET: localBuckets.work,
    STORAGE_EMULATOR_HOST: servers.bucketUrl,
    FIRESTORE_EMULATOR_HOST: servers.documentsHost,
    METADATA_SERVER_DETECTION: 'none',
    BACKGROUND_PROVIDERS: 'local',
    UPSCALE_PROVIDERS: 'local',
    // One user sends every picture of a bench.
    IMAGES_PER_DAY: '100000',
  }
}

/** An event of the app's bucket that is not for the image worker, as Eventarc delivers it: most of what it gets. */
export const ignoredEvent = {
  path: '/?__GCP_CloudEventsMode=GCS_NOTIFICATION',
  headers: {
    'content-type': 'application/json',
    'ce-specversion': '1.0',
    'ce-id': '4711',
    'ce-type': 'google.cloud.storage.object.v1.finalized',
    'ce-source': `//storage.googleapis.com/projects/_/buckets/${localBuckets.app}`,
    'ce-subject': 'objects/generations/user-1/picture.png',
    'ce-time': '2026-01-01T00:00:00Z',
    'ce-bucket': localBuckets.app,
  },
  body: JSON.stringify({
    kind: 'storage#object',
    id: `${localBuckets.app}/generations/user-1/picture.png/1700000000000000`,
    name: 'generations/user-1/picture.png',
    bucket: localBuckets.app,
    generation: '1700000000000000',
    metageneration: '1',
    contentType: 'image/png',
    timeCreated: '2026-01-01T00:00:00.000Z',
    updated: '2026-01-01T00:00:00.000Z',
    storageClass: 'STANDARD',
    size: '104857',
    md5Hash: 'XrY7u+Ae7tCTyyK7j1rNww==',
    crc32c: 'AAAAAA==',
    etag: 'CAE=',
  }),
} satisfies PostRequest
