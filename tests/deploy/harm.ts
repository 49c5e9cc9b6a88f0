import type { Resource } from './fake-format.ts'
import type { FakeProject } from './fake-project.ts'

const api = 'serviceAccount:charaforge-api@demo-proj.iam.gserviceaccount.com'
const gone = 'deleted:serviceAccount:charaforge-api@demo-proj.iam.gserviceaccount.com?uid=1'

/** Somebody's hand in the project: what it does, and what the doctor says of it. */
export interface Harm {
  what: string
  does(project: FakeProject): void
  says: string | RegExp
}

function change(kind: string, name: string, fields: Resource): (project: FakeProject) => void {
  return (project) => Object.assign(named(project, kind, name), fields)
}

/** A thing by its name, or by how it is shown where Google gives the name. */
export function named(project: FakeProject, kind: string, name: string): Resource {
  const found = project.all(kind).find((one) => one.name === name || one.displayName === name)
  if (found === undefined) throw new Error(`There is no ${kind} ${name}.`)
  return found
}

function status(fields: Resource): (project: FakeProject) => void {
  return (project) => Object.assign(named(project, 'run services', 'api').status as Resource, fields)
}

/** What the next setup or deploy sets right. */
export const mendable: Harm[] = [
  {
    what: 'an API off',
    does: (it) => it.remove('services', 'run.googleapis.com'),
    says: '+ gcloud services enable run.googleapis.com',
  },
  {
    what: 'an account gone',
    does: (it) => it.remove('iam service-accounts', 'charaforge-uploads'),
    says: '+ gcloud iam service-accounts create charaforge-uploads',
  },
  {
    what: 'a role taken away',
    does: (it) => it.revoke('roles/datastore.user', api, 'projects demo-proj'),
    says: `+ gcloud projects add-iam-policy-binding demo-proj --member=${api} --role=roles/datastore.user`,
  },
  {
    what: 'a bucket with ACLs',
    does: change('storage buckets', 'demo-proj-models', { uniform_bucket_level_access: false }),
    says: '+ gcloud storage buckets update gs://demo-proj-models --uniform-bucket-level-access',
  },
  {
    what: 'a bucket that keeps what is deleted',
    does: change('storage buckets', 'demo-proj-charaforge-work', {
      soft_delete_policy: { retentionDurationSeconds: '604800' },
    }),
    says: '+ gcloud storage buckets update gs://demo-proj-charaforge-work --clear-soft-delete',
  },
  {
    what: 'another lifecycle',
    does: change('storage buckets', 'demo-proj-charaforge-build', { lifecycle_config: { rule: [] } }),
    says: /^\+ gcloud storage buckets update gs:\/\/demo-proj-charaforge-build --lifecycle-file=/,
  },
  {
    what: 'an index gone',
    does: (it) => it.remove('firestore indexes composite', it.all('firestore indexes composite')[0]?.name as string),
    says: /^\+ gcloud firestore indexes composite create .*--collection-group=jobs/,
  },
  {
    what: 'a TTL policy gone',
    does: (it) => it.remove('firestore fields ttls', it.all('firestore fields ttls')[0]?.name as string),
    says: /^\+ gcloud firestore fields ttls update expireAt .*--collection-group=jobs/,
  },
  {
    what: 'a field indexed again',
    does: (it) => it.remove('firestore indexes fields', it.all('firestore indexes fields')[0]?.name as string),
    says: /^\+ gcloud firestore indexes fields update \S+ .*--disable-indexes/,
  },
  { what: 'a secret gone', does: (it) => it.remove('secrets', 'hf-token'), says: '+ gcloud secrets create hf-token' },
  {
    what: 'dead letters that expire',
    does: change('pubsub subscriptions', 'charaforge-dead-letters', { expirationPolicy: { ttl: '86400s' } }),
    says: '+ gcloud pubsub subscriptions update charaforge-dead-letters',
  },
  {
    what: 'other clean-up policies',
    does: change('artifacts repositories', 'charaforge', { labels: { cleanup: 'another' } }),
    says: '+ gcloud artifacts repositories set-cleanup-policies charaforge',
  },
  {
    what: 'another rate of a queue',
    does: change('tasks queues', 'api', {
      rateLimits: { maxDispatchesPerSecond: '1.0', maxConcurrentDispatches: '10' },
    }),
    says: '+ gcloud tasks queues update api --location=us-central1 --max-dispatches-per-second=10',
  },
  {
    what: 'another time of a schedule',
    does: change('scheduler jobs', 'reconcile-api', { schedule: '0 * * * *' }),
    says: /^\+ gcloud scheduler jobs update http reconcile-api .*--schedule=/,
  },
  {
    what: 'a metric of an older declaration',
    does: change('logging metrics', 'charaforge_jobs_ended', { description: 'older [0]' }),
    says: '+ gcloud logging metrics update charaforge_jobs_ended',
  },
  {
    what: 'an alert of an older declaration',
    does: change('monitoring policies', 'charaforge-dead-letters', {
      userLabels: { app: 'charaforge-backend', declared: '0' },
    }),
    says: /^\+ gcloud alpha monitoring policies update \S+ --policy-from-file=\S+charaforge-dead-letters.json/,
  },
  {
    what: 'an alert that rings nowhere',
    does: change('monitoring policies', 'charaforge-tasks-waiting', { notificationChannels: [] }),
    says: /^\+ gcloud alpha monitoring policies update \S+ --add-notification-channels=/,
  },
  {
    what: 'a channel of somebody else',
    does: (it) =>
      Object.assign(it.all('monitoring channels')[0] as Resource, { labels: { email_address: 'old@example.com' } }),
    says: /^\+ gcloud alpha monitoring channels update \S+ --update-channel-labels=email_address=ops@example.com/,
  },
  {
    what: 'a dashboard of an older declaration',
    does: (it) =>
      Object.assign(it.all('monitoring dashboards')[0] as Resource, { labels: { 'charaforge-backend': '' } }),
    says: '+ gcloud monitoring dashboards update',
  },
  {
    what: 'another amount of the budget',
    does: change('billing budgets', 'charaforge', { amount: { specifiedAmount: { units: '5', currencyCode: 'USD' } } }),
    says: /^\+ gcloud billing budgets update \S+ --budget-amount=100USD --project=demo-proj$/,
  },
  {
    what: 'a trigger to another path',
    does: (it) =>
      Object.assign(named(it, 'eventarc triggers', 'models-written'), {
        destination: { cloudRun: { service: 'model-sync', region: 'us-central1', path: '/' } },
      }),
    says: '+ gcloud eventarc triggers update models-written',
  },
  {
    what: 'a subscription of Eventarc’s own defaults',
    does: change('pubsub subscriptions', 'eventarc-uploads-finalized-sub', { ackDeadlineSeconds: '10' }),
    says: '+ gcloud pubsub subscriptions update eventarc-uploads-finalized-sub --ack-deadline=600',
  },
  {
    what: 'a subscription without dead letters',
    does: (it) =>
      Object.assign(named(it, 'pubsub subscriptions', 'eventarc-models-written-sub'), { deadLetterPolicy: undefined }),
    says: /^\+ gcloud pubsub subscriptions update eventarc-models-written-sub .*--dead-letter-topic=charaforge-dead-letters/,
  },
]

/** What a person has to do or to judge. */
export const told: Harm[] = [
  {
    what: 'a role too many',
    does: (it) => it.grant('roles/editor', api, 'projects demo-proj'),
    says: `+ gcloud projects remove-iam-policy-binding demo-proj --member=${api} --role=roles/editor`,
  },
  {
    what: 'a role of an account that is gone',
    does: (it) => it.grant('roles/storage.objectUser', gone, 'storage buckets gs://demo-app'),
    says: /^\+ gcloud storage buckets remove-iam-policy-binding gs:\/\/demo-app .*--member=deleted:/,
  },
  {
    what: 'a private service opened',
    does: (it) => it.grant('roles/run.invoker', 'allUsers', 'run services image-worker'),
    says: '+ gcloud run services remove-iam-policy-binding image-worker --region=us-central1 --member=allUsers',
  },
  {
    what: 'an account disabled',
    does: change('iam service-accounts', 'charaforge-api', { disabled: true }),
    says: /^note: .*gcloud iam service-accounts enable charaforge-api@/,
  },
  {
    what: 'a bucket elsewhere',
    does: change('storage buckets', 'demo-proj-models', { location: 'EUROPE-WEST4' }),
    says: /^note: gs:\/\/demo-proj-models lies in europe-west4/,
  },
  {
    what: 'a database of the other type',
    does: change('firestore databases', '(default)', { type: 'DATASTORE_MODE' }),
    says: /^note: The database \(default\) is of the type DATASTORE_MODE/,
  },
  {
    what: 'an index that needs repair',
    does: (it) => Object.assign(it.all('firestore indexes composite')[1] as Resource, { state: 'NEEDS_REPAIR' }),
    says: /^note: The index \w+ \S+ needs repair/,
  },
  {
    what: 'dead letters of another topic',
    does: change('pubsub subscriptions', 'charaforge-dead-letters', { topic: '_deleted-topic_' }),
    says: /^note: The subscription charaforge-dead-letters is not one of the topic/,
  },
  {
    what: 'a paused queue',
    does: change('tasks queues', 'image-worker', { state: 'PAUSED' }),
    says: /gcloud tasks queues resume image-worker --location=us-central1 --project=demo-proj$/,
  },
  {
    what: 'a paused schedule',
    does: change('scheduler jobs', 'reconcile-model-sync', { state: 'PAUSED' }),
    says: /gcloud scheduler jobs resume reconcile-model-sync --location=us-central1 --project=demo-proj$/,
  },
  {
    what: 'a secret without a value',
    does: (it) => it.remove('secret values', 'hf-token'),
    says: /^note: hf-token has no value: model-sync and api run without HF_TOKEN.*gcloud secrets versions add hf-token --data-file=- --project=demo-proj, then deploy\/deploy.sh model-sync api$/,
  },
  {
    what: 'a service that is not ready',
    does: status({ conditions: [{ type: 'Ready', status: 'False' }] }),
    says: '+ gcloud run services logs read api --region=us-central1 --project=demo-proj   # it is not ready (Ready=False)',
  },
  {
    what: 'a service that does not answer',
    does: (it) => it.unreachable.push('replicate-webhook-123456789012'),
    says: '+ gcloud run services logs read replicate-webhook --region=us-central1 --project=demo-proj   # it does not answer https://replicate-webhook-123456789012.us-central1.run.app/health',
  },
  {
    what: 'a service gone',
    does: (it) => it.remove('run services', 'model-sync'),
    says: '+ deploy/deploy.sh model-sync',
  },
  {
    what: 'a trigger gone',
    does: (it) => it.remove('eventarc triggers', 'uploads-finalized'),
    says: '+ deploy/deploy.sh image-worker   # makes the trigger uploads-finalized',
  },
  {
    what: 'traffic on an older revision',
    does: (it) =>
      Object.assign(named(it, 'run services', 'image-worker').status as Resource, {
        traffic: [{ revisionName: 'old', percent: 100 }],
      }),
    says: /gcloud run services update-traffic image-worker --region=us-central1 --to-latest --project=demo-proj$/,
  },
  {
    what: 'an app’s bucket without ACLs',
    does: change('storage buckets', 'demo-app', { uniform_bucket_level_access: true }),
    says: /^note: gs:\/\/demo-app has uniform access/,
  },
  {
    what: 'an app’s bucket without Firebase',
    does: (it) => it.unreachable.push('firebasestorage'),
    says: /^note: gs:\/\/demo-app is not linked to Firebase Storage/,
  },
  {
    what: 'an extension for another collection',
    does: (it) => {
      it.mailsFrom = 'letters'
    },
    says: /firebase ext:configure firestore-send-email/,
  },
  {
    what: 'a work bucket whose CORS lacks an origin',
    does: change('storage buckets', 'demo-proj-charaforge-work', {
      cors_config: [{ origin: ['https://app.example'], method: ['PUT'], responseHeader: ['*'] }],
    }),
    says: /^note: Browsers of https:\/\/www.example cannot upload .*gcloud storage buckets update gs:\/\/demo-proj-charaforge-work --cors-file=cors.json --project=demo-proj, with/,
  },
]
