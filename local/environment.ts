/** Names that the local cloud gives where a real project has its own. */
export const localProject = 'charaforge-local'
export const localBuckets = { app: 'charaforge-local-app', work: 'charaforge-local-work' } as const
/** Where `npm run dev` listens, so that an app's configuration can name it. */
export const defaultPorts = {
  bucket: 9199,
  documents: 8085,
  tasks: 8123,
  clipdrop: 8124,
  replicate: 8125,
  services: 8081,
} as const
export const defaultServers = {
  bucketUrl: `http://127.0.0.1:${defaultPorts.bucket}`,
  documentsHost: `127.0.0.1:${defaultPorts.documents}`,
}
/** The account in whose name the local cloud calls `/internal/*`. */
export const internalCaller = `tasks@${localProject}.iam.gserviceaccount.com`

/** Where the servers of a local cloud are. */
export interface LocalServers {
  bucketUrl: string
  documentsHost: string
  tasksUrl: string
  jwksUrl: string
  /** The service that gets this environment, and is woken by tasks. */
  serviceUrl: string
}

/** The environment of a service, or of `forge`, in the local cloud. */
export function localEnvironment(servers: LocalServers): Record<string, string> {
  return {
    GOOGLE_CLOUD_PROJECT: localProject,
    STORAGE_BUCKET: localBuckets.app,
    WORK_BUCKET: localBuckets.work,
    STORAGE_EMULATOR_HOST: servers.bucketUrl,
    FIRESTORE_EMULATOR_HOST: servers.documentsHost,
    METADATA_SERVER_DETECTION: 'none',
    TASKS_BASE_URL: servers.tasksUrl,
    TASKS_QUEUE: `projects/${localProject}/locations/local/queues/wake`,
    TASKS_SERVICE_ACCOUNT: internalCaller,
    SERVICE_URL: servers.serviceUrl,
    INTERNAL_INVOKERS: internalCaller,
    OIDC_JWKS_URL: servers.jwksUrl,
    // Pictures that the local bucket serves are at a private address, which the guard otherwise refuses.
    FETCH_ALLOW_HOSTS: new URL(servers.bucketUrl).host,
  }
}
