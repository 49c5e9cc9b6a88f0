import { baseUrl, integer, list, milliseconds, Refusal, text } from '../schema.ts'
import { optionalSecret } from '../secret.ts'
import { defaulted, optional } from '../variable.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS
const DAY_MS = 24 * HOUR_MS
const WEBHOOK_SECRET = /^whsec_[A-Za-z0-9+/=]{32,}$/

/** Trainings and generations on Replicate: where they go, what they may take, when somebody looks after them. */
export const trainingVariables = {
  REPLICATE_WEBHOOK_SECRETS: optionalSecret({
    description:
      "What Replicate signs its webhooks with; two during a rotation, separated by commas. Absent: the account's own, as the API tells it.",
    services: ['replicate-webhook'],
    expects: 'secrets that begin with whsec_, separated by commas',
    check(value) {
      const isGood = value.split(',').every((secret) => WEBHOOK_SECRET.test(secret.trim()))
      if (!isGood) throw new Refusal('holds something that is not whsec_ and base64')
    },
    example: 'sm://projects/charaforge-prod/secrets/replicate-webhook-secrets/versions/1',
  }),
  REPLICATE_WEBHOOK_URL: optional({
    schema: baseUrl(),
    description:
      'The public base URL of replicate-webhook: where Replicate sends its webhooks, and tasks their wakes. Without it, REPLICATE_OWNER and REPLICATE_API_TOKEN nothing can be trained or generated.',
    services: ['replicate-webhook', 'api', 'forge'],
    example: 'https://replicate-webhook-abc-uc.a.run.app',
  }),
  REPLICATE_OWNER: optional({
    schema: text({ pattern: /^[a-z0-9][a-z0-9._-]*$/i, expects: 'the name of an account or organization' }),
    description: 'The account (or organization) at Replicate that owns the trained models. The token must be its own.',
    services: ['replicate-webhook', 'api'],
    example: 'charaforge',
  }),
  REPLICATE_TRAINER: defaulted({
    schema: text({
      pattern: /^[a-z0-9][\w.-]*\/[a-z0-9][\w.-]*:[0-9a-f]{64}$/i,
      expects: 'owner/name:version with a version of 64 hex characters',
    }),
    default: 'ostris/flux-dev-lora-trainer:e440909d3512c31646ee2e0c7d6f6f4923224863a6a10c494606e79fb5844497',
    description: 'The version of the trainer that trainings run on.',
    services: ['api'],
    example: 'ostris/flux-dev-lora-trainer:c6e78d2501e8088876e99ef21e4460d0dc121af7a4b786b9a4c2d75c620e300d',
  }),
  REPLICATE_MODEL_HARDWARE: defaulted({
    schema: text({ pattern: /^[a-z0-9][a-z0-9-]*$/, expects: 'a hardware SKU' }),
    default: 'gpu-t4',
    description: 'The hardware that a new model is created with (see `GET /hardware`); billed when it runs only.',
    services: ['api'],
    example: 'gpu-l40s',
  }),
  TRAINING_ZIP_URL_TTL_MS: defaulted({
    schema: milliseconds({ min: MINUTE_MS, max: 7 * DAY_MS }),
    default: String(DAY_MS),
    description: 'How long the signed URL of the photos is good. It must outlive the queue at Replicate.',
    services: ['api'],
    example: '86400000',
  }),
  TRAINING_POLL_MS: defaulted({
    schema: milliseconds({ min: 100, max: 5 * MINUTE_MS }),
    default: '60000',
    description: 'How often Replicate is asked about a run whose webhook has not come.',
    services: ['replicate-webhook'],
    example: '60000',
  }),
  CREATE_SEARCH_MS: defaulted({
    schema: milliseconds({ min: 1000, max: HOUR_MS }),
    default: '600000',
    description: 'How long a run is looked for whose creation was not answered, before it fails.',
    services: ['api', 'replicate-webhook'],
    example: '600000',
  }),
  GENERATION_CANCEL_AFTER_MS: defaulted({
    schema: milliseconds({ min: 5000, max: DAY_MS }),
    default: String(30 * MINUTE_MS),
    description: 'Replicate itself ends a prediction after this long, its queue included.',
    services: ['replicate-webhook'],
    example: '1800000',
  }),
  MAX_PHOTO_BYTES: defaulted({
    schema: integer({ min: 1000, max: 200_000_000, unit: 'bytes' }),
    default: '30000000',
    description: 'Largest single photo that is taken for a training.',
    services: ['api'],
    example: '30000000',
  }),
  TRAININGS_PER_DAY: defaulted({
    schema: integer({ min: 0, max: 100_000 }),
    default: '3',
    description: 'Trainings that a user may begin within 24 hours; failed ones do not count. 0: any number.',
    services: ['api'],
    example: '3',
  }),
  FAILED_TRAININGS_PER_DAY: defaulted({
    schema: integer({ min: 0, max: 100_000 }),
    default: '5',
    description:
      'Trainings of a user that may fail within 24 hours after Replicate has begun them, which it bills; then none is begun. 0: any number.',
    services: ['api'],
    example: '5',
  }),
  TRAINING_COOLDOWN_MS: defaulted({
    schema: milliseconds({ min: 0, max: DAY_MS }),
    default: '60000',
    description: 'Least time between two trainings of a user.',
    services: ['api'],
    example: '60000',
  }),
  GENERATIONS_PER_DAY: defaulted({
    schema: integer({ min: 0, max: 100_000 }),
    default: '100',
    description: 'Pictures that a user may have generated within 24 hours; failed ones do not count. 0: any number.',
    services: ['api'],
    example: '100',
  }),
  FAILED_GENERATIONS_PER_DAY: defaulted({
    schema: integer({ min: 0, max: 100_000 }),
    default: '50',
    description:
      'Pictures of a user that may come to nothing within 24 hours after Replicate was asked for them; then none is begun. 0: any number.',
    services: ['api'],
    example: '50',
  }),
  STORAGE_QUOTA_BYTES: defaulted({
    schema: integer({ min: 0, max: Number.MAX_SAFE_INTEGER, unit: 'bytes' }),
    default: '10000000000',
    description:
      'What the uploads, trained models, generated pictures and own model files of a user may take together. 0: any amount.',
    services: ['api', 'model-sync'],
    example: '10000000000',
  }),
  UPLOAD_URL_TTL_MS: defaulted({
    schema: milliseconds({ min: 10_000, max: DAY_MS }),
    default: String(15 * MINUTE_MS),
    description: 'How long a signed upload URL is good.',
    services: ['api'],
    example: '900000',
  }),
  MAIL_COLLECTION: defaulted({
    schema: text({ pattern: /^[\w-]{1,100}$/, expects: 'the name of a collection' }),
    default: 'mail',
    description: "Where mails are written: the collection that Firebase's Trigger Email extension sends from.",
    services: ['replicate-webhook', 'api'],
    example: 'mail',
  }),
  APP_URL: optional({
    schema: baseUrl(),
    description: 'The app, as mails link to it.',
    services: ['replicate-webhook', 'api'],
    example: 'https://charaforge.example.com',
  }),
  FIREBASE_PROJECT_ID: defaulted({
    schema: text({ pattern: /^[a-z][a-z0-9-]{4,28}[a-z0-9]$/, expects: 'a project id' }),
    default: { says: 'GOOGLE_CLOUD_PROJECT', derive: (read) => read('GOOGLE_CLOUD_PROJECT') ?? '' },
    description: 'The Firebase project whose ID tokens are accepted.',
    services: ['api'],
    example: 'charaforge-prod',
  }),
  FIREBASE_JWKS_URL: defaulted({
    schema: baseUrl(),
    default: 'https://www.googleapis.com/service_accounts/v1/jwk/securetoken@system.gserviceaccount.com',
    description: 'Keys that sign ID tokens; the local cloud gives its own here.',
    services: ['api'],
    setBy: 'laptop',
    example: 'http://127.0.0.1:8123/certs',
  }),
  ADMIN_UIDS: defaulted({
    schema: list(text({ pattern: /^\S{1,128}$/, expects: 'a user id' }), 'user ids'),
    default: '',
    description: 'Users who are operators, beside those whose token has the custom claim `operator`.',
    services: ['api'],
    example: 'Zx81kQ0sTnMb5cDeFgHiJkLmNo12',
  }),
  REQUESTS_PER_MINUTE: defaulted({
    schema: integer({ min: 0, max: 1_000_000 }),
    default: '120',
    description: 'Requests that a user may make a minute, counted by each instance. 0: any number.',
    services: ['api'],
    example: '120',
  }),
  CORS_ORIGINS: defaulted({
    schema: list(baseUrl(), 'origins'),
    default: '',
    description: 'Origins whose pages may call the API from a browser.',
    services: ['api'],
    example: 'https://charaforge.example.com',
  }),
}
