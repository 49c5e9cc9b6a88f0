import { baseUrl, emulatorOrigin, oneOf, Refusal, text } from '../schema.ts'
import { optionalSecret } from '../secret.ts'
import { defaulted, optional, PROGRAMS, required } from '../variable.ts'

export const bucketName = text({
  pattern: /^[a-z0-9][a-z0-9._-]{1,220}[a-z0-9]$/,
  expects: 'a bucket name without gs:// and without a path',
})

/** Database and buckets. */
export const storageVariables = {
  STORAGE_BUCKET: required({
    schema: bucketName,
    description: "The app's bucket (raw-uploads/, showcase-images/). Never ours to reconfigure.",
    services: ['image-worker', 'replicate-webhook', 'api', 'forge'],
    example: 'charaforge-prod.firebasestorage.app',
  }),
  WORK_BUCKET: defaulted({
    schema: bucketName,
    default: { says: 'STORAGE_BUCKET (with a warning)', derive: (read) => read('STORAGE_BUCKET') ?? '' },
    description: 'Temporaries between steps. In production a bucket of its own: writes here must not fire our trigger.',
    services: ['image-worker', 'replicate-webhook', 'api', 'forge'],
    example: 'charaforge-prod-work',
  }),
  RESULT_URL: defaulted({
    schema: oneOf('token', 'public'),
    default: 'token',
    description: 'How results are linked: a Firebase download token, or the public object URL.',
    services: ['image-worker', 'replicate-webhook'],
    example: 'public',
  }),
  PUBLIC_URL_HOST: optional({
    schema: baseUrl(),
    description:
      'Base of result URLs. Absent: the origin of STORAGE_EMULATOR_HOST, else Firebase (token) or Cloud Storage (public).',
    services: ['image-worker', 'replicate-webhook'],
    example: 'https://cdn.example.com',
  }),
  FIRESTORE_DATABASE: defaulted({
    schema: text({ pattern: /^(\(default\)|[a-z][a-z0-9-]{2,61}[a-z0-9])$/, expects: 'a database id' }),
    default: '(default)',
    description: "The app's Firestore database.",
    services: PROGRAMS,
    example: '(default)',
  }),
  FIREBASE_SERVICE_ACCOUNT_KEY: optionalSecret({
    description:
      "Key of a service account, for projects that must (another project's data). Else the service's own account.",
    services: PROGRAMS,
    expects: "the JSON of a service account's key",
    check(value) {
      if (!isServiceAccountKey(value)) throw new Refusal('is not the JSON of a service account key')
    },
    example: '{"type":"service_account",…}',
  }),
  FIRESTORE_EMULATOR_HOST: optional({
    schema: text({ pattern: /^[^\s/]+:\d+$/, expects: 'host:port without a scheme' }),
    description: "A Firestore server on this machine. Google's clients read it too.",
    services: PROGRAMS,
    setBy: 'laptop',
    example: '127.0.0.1:8085',
  }),
  STORAGE_EMULATOR_HOST: optional({
    schema: emulatorOrigin(),
    description: "A bucket server on this machine. Google's client reads it too.",
    services: PROGRAMS,
    setBy: 'laptop',
    example: 'http://127.0.0.1:9199',
  }),
  METADATA_SERVER_DETECTION: optional({
    schema: oneOf('none', 'assume-present', 'bios-only', 'ping-only'),
    description: "Read by Google's clients: `none` spares them the search for a metadata server off Google Cloud.",
    services: PROGRAMS,
    setBy: 'laptop',
    example: 'none',
  }),
}

function isServiceAccountKey(value: string): boolean {
  try {
    const key: unknown = JSON.parse(value)
    return typeof key === 'object' && key !== null && 'client_email' in key && 'private_key' in key
  } catch {
    return false
  }
}
