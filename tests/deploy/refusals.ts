/** What a gcloud command needs, and the role that deploy/ has to name for it; from Google's lists of permissions and roles. */
const NEEDS: Readonly<Record<string, [permissions: string, role: string]>> = {
  'projects describe': ['resourcemanager.projects', 'roles/browser'],
  projects: ['resourcemanager.projects', 'roles/resourcemanager.projectIamAdmin'],
  services: ['serviceusage.services', 'roles/serviceusage.serviceUsageAdmin'],
  'iam service-accounts': ['iam.serviceAccounts', 'roles/iam.serviceAccountAdmin'],
  'storage buckets': ['storage.buckets', 'roles/storage.admin'],
  'storage service-agent': ['resourcemanager.projects', 'roles/browser'],
  'firestore databases': ['datastore.databases', 'roles/datastore.owner'],
  'firestore indexes': ['datastore.indexes', 'roles/datastore.indexAdmin'],
  'firestore fields': ['datastore.indexes', 'roles/datastore.indexAdmin'],
  'secrets versions': ['secretmanager.versions', 'roles/secretmanager.admin'],
  secrets: ['secretmanager.secrets', 'roles/secretmanager.admin'],
  'pubsub topics': ['pubsub.topics', 'roles/pubsub.admin'],
  'pubsub subscriptions': ['pubsub.subscriptions', 'roles/pubsub.admin'],
  'artifacts docker': ['artifactregistry.dockerimages', 'roles/artifactregistry.admin'],
  'artifacts repositories': ['artifactregistry.repositories', 'roles/artifactregistry.admin'],
  'tasks queues': ['cloudtasks.queues', 'roles/cloudtasks.admin'],
  'scheduler jobs': ['cloudscheduler.jobs', 'roles/cloudscheduler.admin'],
  'logging metrics': ['logging.logMetrics', 'roles/logging.configWriter'],
  'monitoring policies': ['monitoring.alertPolicies', 'roles/monitoring.editor'],
  'monitoring channels': ['monitoring.notificationChannels', 'roles/monitoring.editor'],
  'monitoring dashboards': ['monitoring.dashboards', 'roles/monitoring.editor'],
  'billing budgets': ['billing.budgets', 'roles/billing.costsManager'],
  builds: ['cloudbuild.builds', 'roles/cloudbuild.builds.editor'],
  'run services': ['run.services', 'roles/run.admin'],
  'eventarc triggers': ['eventarc.triggers', 'roles/eventarc.admin'],
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
  const [permissions, role] = isPolicy && words[0] === 'projects' ? (NEEDS.projects ?? need) : need
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
