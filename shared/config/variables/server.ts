import { baseUrl, flag, list, milliseconds, oneOf, port, text } from '../schema.ts'
import { defaulted, optional, PROGRAMS, required, SERVICES } from '../variable.ts'

const email = text({ pattern: /^[^\s@,]+@[^\s@,]+$/, expects: 'an e-mail address' })

/** The process, its log and its doors. */
export const serverVariables = {
  PORT: defaulted({
    schema: port(),
    default: '8080',
    description: 'Port to listen on. Cloud Run sets it.',
    services: SERVICES,
    setBy: 'platform',
    example: '8080',
  }),
  K_REVISION: optional({
    schema: text({ pattern: /^\S+$/, expects: 'a revision name' }),
    description: "The revision that runs, for Error Reporting's version. Cloud Run sets it.",
    services: SERVICES,
    setBy: 'platform',
    example: 'image-worker-00042-abc',
  }),
  GOOGLE_CLOUD_PROJECT: required({
    schema: text({ pattern: /^[a-z0-9][a-z0-9.:-]*$/, expects: 'a project id (not its number or display name)' }),
    description: 'The project that holds the database and the buckets.',
    services: PROGRAMS,
    example: 'charaforge-prod',
  }),
  LOG_LEVEL: defaulted({
    schema: oneOf('debug', 'info', 'warn', 'error'),
    default: 'info',
    description: 'The least severity that is logged.',
    services: SERVICES,
    example: 'debug',
  }),
  LOG_FORMAT: defaulted({
    schema: oneOf('json', 'pretty'),
    default: 'json',
    description: '`json` is what Cloud Logging reads; `pretty` is one short line for people.',
    services: SERVICES,
    setBy: 'laptop',
    example: 'pretty',
  }),
  SHUTDOWN_MS: defaulted({
    schema: milliseconds({ min: 0, max: 60_000 }),
    default: '9000',
    description: 'Time from SIGTERM to exit. Cloud Run kills after 10 s.',
    services: SERVICES,
    example: '9000',
  }),
  INTERNAL_INVOKERS: defaulted({
    schema: list(email, 'e-mail addresses of service accounts'),
    default: '',
    description:
      'Who may call `/internal/*` (Cloud Tasks, Cloud Scheduler). Empty: nobody, except on a laptop with FIRESTORE_EMULATOR_HOST.',
    services: SERVICES,
    example: 'tasks@charaforge-prod.iam.gserviceaccount.com',
  }),
  INTERNAL_AUDIENCES: defaulted({
    schema: list(text({ pattern: /^\S+$/, expects: 'an audience' }), 'audiences'),
    default: { says: 'SERVICE_URL', derive: (read) => read('SERVICE_URL')?.replace(/\/+$/, '') ?? '' },
    description: 'Audiences that a token for `/internal/*` may carry.',
    services: SERVICES,
    example: 'https://image-worker-abc-uc.a.run.app',
  }),
  TRUST_STRIPPED_SIGNATURE: defaulted({
    schema: flag(),
    default: 'false',
    description:
      "Accept tokens whose signature Cloud Run's IAM has checked and removed. Only ever `true` for a private service.",
    services: SERVICES,
    example: 'true',
  }),
  OIDC_JWKS_URL: defaulted({
    schema: baseUrl(),
    default: 'https://www.googleapis.com/oauth2/v3/certs',
    description: 'Keys that sign the tokens for `/internal/*`.',
    services: SERVICES,
    setBy: 'laptop',
    example: 'http://127.0.0.1:9100/certs',
  }),
  OIDC_ISSUERS: defaulted({
    schema: list(text({ pattern: /^\S+$/, expects: 'an issuer' }), 'issuers'),
    default: 'https://accounts.google.com,accounts.google.com',
    description: 'Issuers of the tokens for `/internal/*`.',
    services: SERVICES,
    setBy: 'laptop',
    example: 'http://127.0.0.1:9100',
  }),
}
