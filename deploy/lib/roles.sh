#!/usr/bin/env bash
# Which role somebody lacks to whom Google has refused something. Sourced by gcloud.sh.

# The smallest of Google's own roles that may look at something: by the permission, or by the gcloud command where none is named.
# IAM policies are in few of them.
reading_role_for() {
  case $1 in
    resourcemanager.* | projects*) echo roles/browser ;;
    secretmanager.* | secrets*) echo roles/secretmanager.viewer ;;
    run.* | 'run '*) echo roles/run.viewer ;;
    iam.* | 'iam '*) echo roles/iam.serviceAccountViewer ;;
    *getIamPolicy | *get-iam-policy*) echo roles/iam.securityReviewer ;;
    serviceusage.* | services*) echo roles/serviceusage.serviceUsageViewer ;;
    'storage service-agent'*) echo roles/browser ;;
    storage.* | storage*) echo roles/storage.bucketViewer ;;
    datastore.* | firestore*) echo roles/datastore.viewer ;;
    pubsub.* | pubsub*) echo roles/pubsub.viewer ;;
    artifactregistry.* | artifacts*) echo roles/artifactregistry.reader ;;
    cloudtasks.* | tasks*) echo roles/cloudtasks.viewer ;;
    cloudscheduler.* | scheduler*) echo roles/cloudscheduler.viewer ;;
    logging.* | logging*) echo roles/logging.viewer ;;
    monitoring.* | monitoring*) echo roles/monitoring.viewer ;;
    billing.* | billing*) echo roles/billing.viewer ;;
    eventarc.* | eventarc*) echo roles/eventarc.viewer ;;
    *) echo roles/viewer ;;
  esac
}

# The role that may do something: by the permission, or by the gcloud command where none is named. Where setup.sh also sets
# policies of that kind, the one that may do both (docs/deploy.md lists them).
role_for() {
  case $1 in
    storage.objects.* | datastore.entities.* | serviceusage.services.use) ;;
    *.get | *.list | *.getIamPolicy | *' list' | *' describe' | *' get-iam-policy' | *' service-agent')
      reading_role_for "$1"
      return
      ;;
  esac
  case $1 in
    iam.serviceAccounts.actAs) echo roles/iam.serviceAccountUser ;;
    resourcemanager.* | 'projects '*) echo roles/resourcemanager.projectIamAdmin ;;
    serviceusage.services.use) echo roles/serviceusage.serviceUsageConsumer ;;
    serviceusage.* | 'services '*) echo roles/serviceusage.serviceUsageAdmin ;;
    iam.* | 'iam '*) echo roles/iam.serviceAccountAdmin ;;
    storage.objects.* | 'storage cp'* | 'storage rm'*) echo roles/storage.objectAdmin ;;
    storage.* | 'storage '*) echo roles/storage.admin ;;
    datastore.entities.*) echo roles/datastore.user ;;
    datastore.indexes.* | 'firestore indexes'* | 'firestore fields'*) echo roles/datastore.indexAdmin ;;
    datastore.* | 'firestore '*) echo roles/datastore.owner ;;
    secretmanager.* | 'secrets '*) echo roles/secretmanager.admin ;;
    pubsub.* | 'pubsub '*) echo roles/pubsub.admin ;;
    artifactregistry.* | 'artifacts '*) echo roles/artifactregistry.admin ;;
    cloudtasks.* | 'tasks '*) echo roles/cloudtasks.admin ;;
    cloudscheduler.* | 'scheduler '*) echo roles/cloudscheduler.admin ;;
    cloudbuild.* | 'builds '*) echo roles/cloudbuild.builds.editor ;;
    run.* | 'run '*) echo roles/run.admin ;;
    logging.* | 'logging '*) echo roles/logging.configWriter ;;
    monitoring.* | 'monitoring '*) echo roles/monitoring.editor ;;
    billing.* | 'billing '*) echo roles/billing.costsManager ;;
    eventarc.* | 'eventarc '*) echo roles/eventarc.admin ;;
    *) echo roles/owner ;;
  esac
}

# The permission that a message of Google's names, if it names one.
permission_in() {
  grep -oE '\b[a-z]+[a-zA-Z]*\.[a-zA-Z]+\.[a-zA-Z]+\b' <<<"$1" | grep -vE '^gcloud\.|googleapis|gserviceaccount|\.com$' | head -n 1 || true
}

# The words of a gcloud command up to the one that says what is done: tasks queues list.
command_words() {
  local word words=''
  for word in "$@"; do
    words+="${words:+ }$word"
    case $word in list | describe | create | update | delete | enable | submit | replace | update-traffic | *-iam-policy* | service-agent) break ;; esac
  done
  printf '%s' "$words"
}

# Says which role the person lacks who runs this: missing_right MESSAGE gcloud command…
missing_right() {
  local permission role where="the project $PROJECT_ID"
  permission=$(permission_in "$1")
  shift 2
  case $1 in alpha | beta) shift ;; esac
  role=$(role_for "${permission:-$(command_words "$@")}")
  case $role in
    roles/billing.*) where='the billing account' ;;
    roles/iam.serviceAccountUser) where='the account that is named above' ;;
  esac
  printf 'You lack a right%s; this role on %s has it: %s' "${permission:+ ($permission)}" "$where" "$role"
}
