import { readFileSync } from 'node:fs'
import { parse } from 'yaml'
import type { Resource } from './fake-format.ts'

/** A command that makes or changes a thing. */
export interface Order {
  argv: readonly string[]
  flag(name: string): string | undefined
}

/** How flags of `create` and `update` become what Google's API gives back. */
interface Kind {
  /** Field by flag; `a.b` leads deeper. */
  fields?: Readonly<Record<string, string>>
  /** What the flags alone don't say. */
  finish?(resource: Resource, order: Order): void
  /** What a new one is without any flag. */
  initial?(name: string): Resource
}

const PROJECT = 'projects/demo-proj'

export const KINDS: Readonly<Record<string, Kind>> = {
  'storage buckets': {
    fields: { location: 'location' },
    initial: (name) => ({ name, soft_delete_policy: { retentionDurationSeconds: '604800' } }),
    finish(bucket, { argv, flag }) {
      if (argv.includes('--uniform-bucket-level-access')) bucket.uniform_bucket_level_access = true
      if (argv.includes('--public-access-prevention')) bucket.public_access_prevention = 'enforced'
      if (flag('soft-delete-duration') === '0' || argv.includes('--clear-soft-delete')) {
        bucket.soft_delete_policy = { retentionDurationSeconds: '0' }
      }
      const file = flag('lifecycle-file')
      if (file) bucket.lifecycle_config = fileOf(file)
    },
  },
  'iam service-accounts': {
    fields: { 'display-name': 'displayName' },
    initial: (name) => ({ name, email: `${name}@demo-proj.iam.gserviceaccount.com` }),
  },
  'tasks queues': {
    fields: {
      'max-dispatches-per-second': 'rateLimits.maxDispatchesPerSecond',
      'max-concurrent-dispatches': 'rateLimits.maxConcurrentDispatches',
      'min-backoff': 'retryConfig.minBackoff',
      'max-backoff': 'retryConfig.maxBackoff',
      'max-retry-duration': 'retryConfig.maxRetryDuration',
    },
    initial: (name) => ({ name, state: 'RUNNING' }),
    finish(queue, { flag }) {
      // A double, as gcloud prints one.
      const rate = flag('max-dispatches-per-second')
      if (rate) (queue.rateLimits as Resource).maxDispatchesPerSecond = `${rate}.0`
    },
  },
  'scheduler jobs': {
    fields: {
      schedule: 'schedule',
      'time-zone': 'timeZone',
      uri: 'httpTarget.uri',
      'http-method': 'httpTarget.httpMethod',
      'attempt-deadline': 'attemptDeadline',
      'oidc-service-account-email': 'httpTarget.oidcToken.serviceAccountEmail',
      'oidc-token-audience': 'httpTarget.oidcToken.audience',
    },
    initial: (name) => ({ name, state: 'ENABLED' }),
  },
  'pubsub topics': {},
  'pubsub subscriptions': {
    fields: {
      'ack-deadline': 'ackDeadlineSeconds',
      'message-retention-duration': 'messageRetentionDuration',
      'min-retry-delay': 'retryPolicy.minimumBackoff',
      'max-retry-delay': 'retryPolicy.maximumBackoff',
      'max-delivery-attempts': 'deadLetterPolicy.maxDeliveryAttempts',
    },
    initial: (name) => ({ name, ackDeadlineSeconds: '10', expirationPolicy: { ttl: '2678400s' } }),
    finish(subscription, { flag }) {
      const [topic, letters] = [flag('topic'), flag('dead-letter-topic')]
      if (topic) subscription.topic = `${PROJECT}/topics/${topic}`
      if (letters) (subscription.deadLetterPolicy as Resource).deadLetterTopic = `${PROJECT}/topics/${letters}`
      if (flag('expiration-period') === 'never') subscription.expirationPolicy = {}
    },
  },
  secrets: {},
  'artifacts repositories': {
    fields: { description: 'description' },
    finish(repository, { flag }) {
      const label = flag('update-labels')
      if (label) repository.labels = Object.fromEntries([label.split('=')])
    },
  },
  'eventarc triggers': {
    fields: {
      'destination-run-service': 'destination.cloudRun.service',
      'destination-run-region': 'destination.cloudRun.region',
      'destination-run-path': 'destination.cloudRun.path',
      'service-account': 'serviceAccount',
      'event-data-content-type': 'eventDataContentType',
    },
    initial: (name) => ({
      name,
      eventDataContentType: 'application/json',
      transport: { pubsub: { subscription: `${PROJECT}/subscriptions/eventarc-${name}-sub` } },
    }),
    finish(trigger, { argv }) {
      const filters = argv.flatMap(
        (word) => /^--event-filters(?:-path-pattern)?=([^=]+)=(.*)$/.exec(word)?.slice(1) ?? [],
      )
      trigger.eventFilters = filters.flatMap((attribute, index) =>
        index % 2 === 0 ? { attribute, value: filters[index + 1] } : [],
      )
    },
  },
  'logging metrics': { finish: fromFile },
  'monitoring policies': { finish: fromFile },
  'monitoring dashboards': { finish: fromFile },
  'monitoring channels': {
    finish(channel, { flag }) {
      const address = flag('channel-labels') ?? flag('update-channel-labels')
      if (address) channel.labels = Object.fromEntries([address.split('=')])
      const labels = flag('user-labels')
      if (labels) channel.userLabels = Object.fromEntries([labels.split('=')])
    },
  },
  'billing budgets': {
    fields: { 'display-name': 'displayName' },
    finish(budget, { argv, flag }) {
      const amount = flag('budget-amount')
      const [, units, currencyCode] = /^(\d+)([A-Z]*)$/.exec(amount ?? '') ?? []
      if (amount) budget.amount = { specifiedAmount: { units, currencyCode } }
      const shares = argv.flatMap((word) => /-threshold-rule=percent=(.*)$/.exec(word)?.[1] ?? [])
      if (shares.length > 0) budget.thresholdRules = shares.map((share) => ({ thresholdPercent: Number(share) }))
      const channel = flag('notifications-rule-monitoring-notification-channels')
      if (channel) budget.notificationsRule = { monitoringNotificationChannels: [channel] }
    },
  },
  'firestore databases': {
    fields: { location: 'locationId' },
    initial: (name) => ({ name, type: 'FIRESTORE_NATIVE' }),
  },
}

/** Kinds whose names Google gives. */
export const NAMED_BY_GOOGLE: Readonly<Record<string, string>> = {
  'monitoring policies': `${PROJECT}/alertPolicies`,
  'monitoring dashboards': `${PROJECT}/dashboards`,
  'monitoring channels': `${PROJECT}/notificationChannels`,
  'billing budgets': 'billingAccounts/012345-6789AB-CDEF01/budgets',
}

/** Applies an order's flags to a resource. */
export function apply(kind: string, resource: Resource, order: Order): void {
  for (const [flag, path] of Object.entries(KINDS[kind]?.fields ?? {})) {
    const value = order.flag(flag)
    if (value !== undefined) setPath(resource, path.split('.'), value)
  }
  KINDS[kind]?.finish?.(resource, order)
}

function setPath(resource: Resource, [first = '', ...rest]: string[], value: string): void {
  if (rest.length === 0) {
    resource[first] = value
    return
  }
  const inner = { ...(resource[first] as Resource | undefined) }
  resource[first] = inner
  setPath(inner, rest, value)
}

function fileOf(path: string): Resource {
  return parse(readFileSync(path, 'utf8')) as Resource
}

/** Metrics, policies and dashboards come as files; an update replaces all of them, channels too. */
function fromFile(resource: Resource, { flag }: Order): void {
  const file = flag('policy-from-file') ?? flag('config-from-file')
  const { name, etag } = resource
  if (file) {
    const content = fileOf(file)
    if (content.etag !== etag) throw new Error('ABORTED: the etag is another one')
    for (const key of Object.keys(resource)) delete resource[key]
    Object.assign(resource, content, { name })
    if ('mosaicLayout' in content) resource.etag = `${etag ?? 'e'}1`
  }
  const added = flag('add-notification-channels')
  const had = (resource.notificationChannels as string[] | undefined) ?? []
  const set = flag('set-notification-channels') ?? flag('notification-channels')
  if (set || added) resource.notificationChannels = set ? set.split(',') : [...had, added]
}

/** A service as Cloud Run gives it back after `services replace`. */
export function replacedService(file: string, before: Resource | undefined): Resource {
  const { metadata, spec } = fileOf(file) as { metadata: { name: string; labels: Resource }; spec: Resource }
  const number = Number(before?.revisions ?? 0) + 1
  const revision = `${metadata.name}-${String(number).padStart(5, '0')}`
  const traffic = (spec.traffic as Resource[]).map(({ latestRevision, ...one }) =>
    latestRevision ? { ...one, revisionName: revision } : one,
  )
  return {
    name: metadata.name,
    metadata,
    template: spec.template,
    revisions: number,
    status: status(revision, traffic),
  }
}

/** The status of a service that is ready. */
export function status(revision: string, traffic: Resource[]): Resource {
  return {
    conditions: [{ type: 'Ready', status: 'True' }],
    latestCreatedRevisionName: revision,
    latestReadyRevisionName: revision,
    traffic,
  }
}
