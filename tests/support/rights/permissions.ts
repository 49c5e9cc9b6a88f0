import type { ApiCall } from '#local/recording/recording.ts'

/**
 * The permissions that each call takes.
 * https://cloud.google.com/storage/docs/access-control/iam-json, https://cloud.google.com/firestore/docs/security/iam,
 * https://cloud.google.com/tasks/docs/reference-access-control, https://cloud.google.com/iam/docs/service-account-permissions
 */
const PERMISSIONS: Readonly<Record<string, readonly string[]>> = {
  'storage.objects.get': ['storage.objects.get'],
  'storage.objects.list': ['storage.objects.list'],
  'storage.objects.delete': ['storage.objects.delete'],
  'storage.objects.patch': ['storage.objects.get', 'storage.objects.update'],
  'storage.objects.insert only new': ['storage.objects.create'],
  // What replaces an object removes it too.
  'storage.objects.insert may replace': ['storage.objects.create', 'storage.objects.delete'],
  'storage.objects.compose only new': ['storage.objects.get', 'storage.objects.create'],
  'storage.objects.compose may replace': ['storage.objects.get', 'storage.objects.create', 'storage.objects.delete'],
  'storage.objects.rewrite only new': ['storage.objects.create'],
  'storage.objects.rewrite may replace': ['storage.objects.create', 'storage.objects.delete'],
  'storage.objectAccessControls': ['storage.objects.getIamPolicy', 'storage.objects.setIamPolicy'],
  'storage.buckets.get': ['storage.buckets.get'],
  'firestore.GetDocument': ['datastore.entities.get'],
  'firestore.BatchGetDocuments': ['datastore.entities.get'],
  'firestore.ListDocuments': ['datastore.entities.get', 'datastore.entities.list'],
  'firestore.RunQuery': ['datastore.entities.get', 'datastore.entities.list'],
  'firestore.RunAggregationQuery': ['datastore.entities.get', 'datastore.entities.list'],
  'firestore.PartitionQuery': ['datastore.entities.get', 'datastore.entities.list'],
  'firestore.ListCollectionIds': ['datastore.entities.list'],
  'firestore.Listen': ['datastore.entities.get', 'datastore.entities.list'],
  'firestore.BeginTransaction': ['datastore.databases.get'],
  'firestore.Rollback': ['datastore.databases.get'],
  'firestore.Commit nothing': ['datastore.databases.get'],
  'firestore.Commit create': ['datastore.entities.create'],
  'firestore.Commit update': ['datastore.entities.update'],
  'firestore.Commit set': ['datastore.entities.create', 'datastore.entities.update'],
  'firestore.Commit delete': ['datastore.entities.delete'],
  'firestore.BatchWrite create': ['datastore.entities.create'],
  'firestore.BatchWrite update': ['datastore.entities.update'],
  'firestore.BatchWrite set': ['datastore.entities.create', 'datastore.entities.update'],
  'firestore.BatchWrite delete': ['datastore.entities.delete'],
  'cloudtasks.tasks.create': ['cloudtasks.tasks.create'],
  'iam.serviceAccounts.actAs': ['iam.serviceAccounts.actAs'],
  'iamcredentials.signBlob': ['iam.serviceAccounts.signBlob'],
}

/** @throws Error for a call whose permissions nobody has looked up. */
export function permissionsOf({ method, variant }: ApiCall): readonly string[] {
  const name = variant === null ? method : `${method} ${variant}`
  const permissions = PERMISSIONS[name]
  if (permissions === undefined) throw new Error(`Which permissions ${name} takes is not in the table.`)
  return permissions
}
