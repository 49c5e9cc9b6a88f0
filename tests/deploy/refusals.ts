/**
 * What a gcloud command needs, and the roles that deploy/ has to name for it: to change something, and to look at it or at its policy.
 * From Google's lists of permissions and roles.
 */
const NEEDS: Readonly<Record<string, [permissions: string, role: string, reader: string, policyReader?: string]>> = {
  projects: ['resourcemanager.projects', 'roles/resourcemanager.projectIamAdmin', 'roles/browser', 'roles/browser'],
  services: ['serviceusage.services', 'roles/serviceusage.serviceUsageAdmin', 'roles/serviceusage.serviceUsageViewer'],
  'iam service-accounts': [
    'iam.serviceAccounts',
    'roles/iam.serviceAccountAdmin',
    'roles/iam.serviceAccountViewer',
    'roles/iam.serviceAccountViewer',
  ],
  'storage buckets': ['storage.buckets', 'roles/storage.admin', 'roles/storage.bucketViewer'],
  'storage service-agent': ['resourcemanager.projects', 'roles/browser', 'roles/browser'],
  'firestore databases': ['datastore.databases', 'roles/datastore.owner', 'roles/datastore.viewer'],
  'firestore indexes': ['datastore.indexes', 'roles/datastore.indexAdmin', 'roles/datastore.viewer'],
  'firestore fields': ['datastore.indexes', 'roles/datastore.indexAdmin', 'roles/datastore.viewer'],
  'secrets versions': ['secretmanager.versions', 'roles/secretmanager.admin', 'roles/secretmanager.viewer'],
  secrets: [
    'secretmanager.secrets',
    'roles/secretmanager.admin',
    'roles/secretmanager.viewer',
    'roles/secretmanager.viewer',
  ],
  'pubsub topics': ['pubsub.topics', 'roles/pubsub.admin', 'roles/pubsub.viewer'],
  'pubsub subscriptions': ['pubsub.subscriptions', 'roles/pubsub.admin', 'roles/pubsub.viewer'],
  'artifacts docker': [
    'artifactregistry.dockerimages',
    'roles/artifactregistry.admin',
    'roles/artifactregistry.reader',
  ],
  'artifacts repositories': [
    'artifactregistry.repositories',
    'roles/artifactregistry.admin',
    'roles/artifactregistry.reader',
  ],
  'tasks queues': ['cloudtasks.queues', 'roles/cloudtasks.admin', 'roles/cloudtasks.viewer'],
  'scheduler jobs': ['cloudscheduler.jobs', 'roles/cloudscheduler.admin', 'roles/cloudscheduler.viewer'],
  'logging metrics': ['logging.logMetrics', 'roles/logging.configWriter', 'roles/logging.viewer'],
  'monitoring policies': ['monitoring.alertPolicies', 'roles/monitoring.editor', 'roles/monitoring.viewer'],
  'monitoring channels': ['monitoring.notificationChannels', 'roles/monitoring.editor', 'roles/monitoring.viewer'],
  'monitoring dashboards': ['monitoring.dashboards', 'roles/monitoring.editor', 'roles/monitoring.viewer'],
  'billing budgets': ['billing.budgets', 'roles/billing.costsManager', 'roles/billing.viewer'],
  builds: ['cloudbuild.builds', 'roles/cloudbuild.builds.editor', 'roles/cloudbuild.builds.viewer'],
  'run services': ['run.services', 'roles/run.admin', 'roles/run.viewer', 'roles/run.viewer'],
  'eventarc triggers': ['eventarc.triggers', 'roles/eventarc.admin', 'roles/eventarc.viewer'],
}

const VERBS: Readonly<Record<string, string>> = {
  list: 'list',
  describe: 'get',
  'service-agent': 'get',
  create: 'create',
  submit: 'create',
  enable: 'enable',
  'get-iam-policy': 'getIamPolicy',
  'add-iam-policy-binding': 'setIamPolicy',
}

/** The permission that a command (`tasks queues create api`) needs, and the role to name; throws for one that nobody thought of. */
export function needOf(what: string): { permission: string; role: string } {
  const words = what.split(' ')
  const known = Object.entries(NEEDS).filter(([start]) => `${what} `.startsWith(`${start} `))
  const [, need] = known.toSorted(([a], [b]) => b.length - a.length)[0] ?? []
  if (need === undefined) throw new Error(`Nobody knows what ${what} needs.`)
  const isPolicy = words.some((word) => word.endsWith('-iam-policy') || word.endsWith('-iam-policy-binding'))
  const verb = words.map((word) => VERBS[word]).find((one) => one !== undefined) ?? 'update'
  const [permissions, changer, reader, policyReader = 'roles/iam.securityReviewer'] =
    isPolicy && words[0] === 'projects' ? (NEEDS.projects ?? need) : need
  const role = { get: reader, list: reader, getIamPolicy: policyReader }[verb] ?? changer
  return { permission: `${permissions}.${verb}`, role }
}

/** What gcloud says about a refusal, in the words of the service. */
export function refusalOf(what: string): string {
  const { permission } = needOf(what)
  const command = what.split(' ').slice(0, 3).join('.')
  return what.startsWith('storage')
    ? `ERROR: (gcloud.${command}) HTTPError 403: you@example.com does not have ${permission} access to the Google Cloud project. Permission '${permission}' denied on resource (or it may not exist).`
    : `ERROR: (gcloud.${command}) PERMISSION_DENIED: Permission '${permission}' denied on resource '//some.googleapis.com/projects/demo-proj' (or it may not exist).`
}
