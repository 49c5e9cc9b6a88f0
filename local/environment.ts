import { LOCAL_CIVITAI_TOKEN } from './civitai/account.ts'
import { LOCAL_REPLICATE_OWNER, LOCAL_REPLICATE_TOKEN, LOCAL_WEBHOOK_SECRET } from './replicate/account.ts'

/** Names that the local cloud gives where a real project has its own. */
export const localProject = 'charaforge-local'
export const localBuckets = {
  app: 'charaforge-local-app',
  work: 'charaforge-local-work',
  models: 'charaforge-local-models',
} as const
/** Where `npm run dev` listens, so that an app's configuration can name it. */
export const defaultPorts = {
  bucket: 9199,
  documents: 8085,
  tasks: 8123,
  clipdrop: 8124,
  replicate: 8125,
  civitai: 8126,
  huggingface: 8127,
  fileHost: 8128,
  signIn: 8129,
  services: 8081,
} as const
export const defaultServers = {
  bucketUrl: `http://127.0.0.1:${defaultPorts.bucket}`,
  documentsHost: `127.0.0.1:${defaultPorts.documents}`,
  civitaiUrl: `http://127.0.0.1:${defaultPorts.civitai}`,
  huggingfaceUrl: `http://127.0.0.1:${defaultPorts.huggingface}`,
  fileHostUrl: `http://127.0.0.1:${defaultPorts.fileHost}`,
}
/** The account in whose name the local cloud calls `/internal/*`. */
export const internalCaller = `tasks@${localProject}.iam.gserviceaccount.com`

/** Where the servers of a local cloud are. */
export interface LocalServers {
  bucketUrl: string
  documentsHost: string
  civitaiUrl: string
  huggingfaceUrl: string
  /** Where the files of both hubs lie. */
  fileHostUrl: string
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
    MODELS_STORAGE_BUCKET: localBuckets.models,
    STORAGE_EMULATOR_HOST: servers.bucketUrl,
    FIRESTORE_EMULATOR_HOST: servers.documentsHost,
    METADATA_SERVER_DETECTION: 'none',
    TASKS_BASE_URL: servers.tasksUrl,
    TASKS_QUEUE: `projects/${localProject}/locations/local/queues/wake`,
    TASKS_SERVICE_ACCOUNT: internalCaller,
    SERVICE_URL: servers.serviceUrl,
    INTERNAL_INVOKERS: internalCaller,
    OIDC_JWKS_URL: servers.jwksUrl,
    CIVITAI_BASE_URL: servers.civitaiUrl,
    CIVITAI_API_KEY: LOCAL_CIVITAI_TOKEN,
    HF_BASE_URL: servers.huggingfaceUrl,
    // What the local servers serve is at a private address, which the guard otherwise refuses.
    FETCH_ALLOW_HOSTS: [servers.bucketUrl, servers.huggingfaceUrl, servers.fileHostUrl]
      .map((url) => new URL(url).host)
      .join(','),
  }
}

/** What the services of trainings need besides. */
export interface TrainingServers {
  bucketUrl: string
  replicateUrl: string
  jwksUrl: string
  /** Where replicate-webhook is reached. */
  replicateWebhookUrl: string
  /** The account that signs URLs. */
  keyFile: string
}

/** Soon enough that nobody waits for a lost webhook, and no more requests than a stand-in can take. */
const TRAINING_POLL_MS = 1_000

/**
 * What api and replicate-webhook get besides the local environment. Always the stand-in: Replicate itself could not fetch
 * photos from this machine, nor send webhooks to it.
 */
export function trainingEnvironment(servers: TrainingServers): Record<string, string> {
  return {
    REPLICATE_BASE_URL: `${servers.replicateUrl}/v1`,
    REPLICATE_API_TOKEN: LOCAL_REPLICATE_TOKEN,
    REPLICATE_OWNER: LOCAL_REPLICATE_OWNER,
    REPLICATE_WEBHOOK_URL: servers.replicateWebhookUrl,
    REPLICATE_WEBHOOK_SECRETS: LOCAL_WEBHOOK_SECRET,
    TRAINING_POLL_MS: String(TRAINING_POLL_MS),
    FIREBASE_PROJECT_ID: localProject,
    FIREBASE_JWKS_URL: servers.jwksUrl,
    GOOGLE_APPLICATION_CREDENTIALS: servers.keyFile,
    FETCH_ALLOW_HOSTS: [servers.bucketUrl, servers.replicateUrl].map((url) => new URL(url).host).join(','),
  }
}

/** The local environment for somebody who has keys of their own: a hub that they can use takes its stand-in's place. */
export function withOwnHubs(local: Record<string, string>, own: NodeJS.ProcessEnv): Record<string, string> {
  const { CIVITAI_BASE_URL, CIVITAI_API_KEY, HF_BASE_URL, ...rest } = local
  const civitai = own.CIVITAI_BASE_URL || own.CIVITAI_API_KEY ? {} : { CIVITAI_BASE_URL, CIVITAI_API_KEY }
  const huggingface = own.HF_BASE_URL || own.HF_TOKEN ? {} : { HF_BASE_URL }
  return { ...rest, ...civitai, ...huggingface } as Record<string, string> // Only names that `local` had.
}
