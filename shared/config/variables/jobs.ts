import { baseUrl, integer, list, milliseconds, text } from '../schema.ts'
import { defaulted, optional, PROGRAMS, SERVICES } from '../variable.ts'

const MINUTE_MS = 60_000
const HOUR_MS = 60 * MINUTE_MS

/** Jobs: leases, limits, waking. */
export const jobVariables = {
  LEASE_MS: defaulted({
    schema: milliseconds({ min: 100, max: 10 * MINUTE_MS }),
    default: '60000',
    description: 'How long a claim holds without being renewed.',
    services: SERVICES,
    example: '60000',
  }),
  WORK_BUDGET_MS: defaulted({
    schema: milliseconds({ min: 100, max: 29 * MINUTE_MS }),
    default: '540000',
    description:
      'How long one request works before the job is checkpointed and woken again. Below the ack deadline (600 s).',
    services: SERVICES,
    example: '540000',
  }),
  MAX_FAILURES: defaulted({
    schema: integer({ min: 1, max: 100 }),
    default: '5',
    description: 'Failures without durable progress after which a job fails for good.',
    services: SERVICES,
    example: '5',
  }),
  JOB_DEADLINE_MS: defaulted({
    schema: milliseconds({ min: 1000, max: 30 * 24 * HOUR_MS }),
    default: String(23 * HOUR_MS),
    description: 'Age at which an unfinished job fails for good: before the event that feeds it is dropped after 24 h.',
    services: PROGRAMS,
    example: '82800000',
  }),
  NO_DOCUMENT_MS: defaulted({
    schema: milliseconds({ min: 0, max: 23 * HOUR_MS }),
    default: '600000',
    description: 'How long an upload waits for its character document before it fails as `no-document`.',
    services: ['image-worker'],
    example: '600000',
  }),
  STUCK_AFTER_MS: defaulted({
    schema: milliseconds({ min: 0, max: 23 * HOUR_MS }),
    default: '600000',
    description: 'How long a status may say "working" without a live job before the reconciler picks it up.',
    services: PROGRAMS,
    example: '600000',
  }),
  JOBS_PER_HOUR: defaulted({
    schema: integer({ min: 1, max: 100_000 }),
    default: '20',
    description: 'The breaker: most jobs an hour for one subject (a character, a model).',
    services: SERVICES,
    example: '20',
  }),
  TASKS_QUEUE: optional({
    schema: text({ pattern: /^projects\/[^/]+\/locations\/[^/]+\/queues\/[^/]+$/, expects: "a queue's resource name" }),
    description: 'The Cloud Tasks queue that wakes jobs.',
    services: PROGRAMS,
    example: 'projects/charaforge-prod/locations/us-central1/queues/image-worker',
  }),
  TASKS_BASE_URL: defaulted({
    schema: baseUrl(),
    default: 'https://cloudtasks.googleapis.com',
    description: 'Where Cloud Tasks is; the local cloud gives its timer queue here.',
    services: PROGRAMS,
    setBy: 'laptop',
    example: 'http://127.0.0.1:9300',
  }),
  SERVICE_URL: optional({
    schema: baseUrl(),
    description: 'The base URL of this service, which tasks call. Needed with TASKS_QUEUE.',
    services: PROGRAMS,
    example: 'https://image-worker-abc-uc.a.run.app',
  }),
  TASKS_SERVICE_ACCOUNT: optional({
    schema: text({ pattern: /^[^\s@,]+@[^\s@,]+$/, expects: 'an e-mail address' }),
    description: 'The account whose OIDC token tasks carry. Needed with TASKS_QUEUE.',
    services: PROGRAMS,
    example: 'tasks@charaforge-prod.iam.gserviceaccount.com',
  }),
  FETCH_ALLOW_HOSTS: defaulted({
    schema: list(text({ pattern: /^[^\s/,]+:\d+$/, expects: 'host:port' }), 'host:port pairs'),
    default: '',
    description: 'Hosts that the address guard lets through although they are private. Local cloud and tests only.',
    services: SERVICES,
    setBy: 'laptop',
    example: '127.0.0.1:9199',
  }),
}
