#!/usr/bin/env bash
# gcloud, called so that a script may be run again, waits for what takes time to spread, and says which right is missing. Sourced by
# common.sh.
# shellcheck disable=SC2034,SC2154 # Variables come from common.sh and go to whoever sources this.

# How often, and after how many seconds, a command is repeated that failed because a right or an agent has not spread yet.
PROPAGATION_TRIES=${PROPAGATION_TRIES:-18}
PROPAGATION_PAUSE=${PROPAGATION_PAUSE:-10}
# 1 as soon as every declared API is enabled: until then a disabled one means that there is nothing of its kind.
APIS_ARE_ON=0

# Failures that pass by themselves while Google spreads accounts, rights, agents and APIs, and collisions of policy writes.
passing='does not exist|not found for service account|[Pp]ropagat|has not been used|is disabled|not ready|[Cc]annot find metric|service agent|Service Agent|Permission denied while using|concurrent policy change|ABORTED|UNAVAILABLE|try again|temporarily|code=50[0234]|HTTPError 50[0234]|HTTPError 409: .*etag'
api_off='SERVICE_DISABLED|has not been used in project|API .*is disabled|not enabled on project'
refused='PERMISSION_DENIED|does not have permission|does not have [a-z]+\.[a-zA-Z.]+ access|Permission .* denied|HTTPError 403|[Ff]orbidden'
not_there='NOT_FOUND|not found|[Cc]annot find|could not be found|HTTPError 404'
there_already='already ?exists|ALREADY_EXISTS|HTTPError 409.*exist'

# Prints a command as somebody could type it.
shown() {
  local line
  printf -v line '%q ' "$@"
  printf '%s\n' "${line% }"
}

# Says what a command printed, set in.
say_within() { say "    ${1//$'\n'/$'\n    '}"; }

# The smallest of Google's own roles that holds a permission, or that may do what a gcloud command does where none is named.
role_for() {
  case "$1" in
    iam.serviceAccounts.actAs) echo roles/iam.serviceAccountUser ;;
    resourcemanager.projects.get) echo roles/browser ;;
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

# Says which role the person lacks who runs this: missing_right MESSAGE gcloud command…
missing_right() {
  local permission role where="the project $PROJECT_ID"
  permission=$(permission_in "$1")
  shift 2
  case $1 in alpha | beta) shift ;; esac
  role=$(role_for "${permission:-$1 ${2:-}}")
  case $role in
    roles/billing.*) where='the billing account' ;;
    roles/iam.serviceAccountUser) where='the account that is named above' ;;
  esac
  printf 'You lack a right%s; this role on %s has it: %s' "${permission:+ ($permission)}" "$where" "$role"
}

# Reads: what gcloud prints comes in SEEN, which stays empty for what is not there. Stops the script where it may not look.
look() {
  local try status said
  for ((try = 1; ; try++)); do
    status=0
    SEEN=$("$@" 2>"$scratch_folder/said") || status=$?
    [ "$status" -ne 0 ] || return 0
    said=$(<"$scratch_folder/said")
    SEEN=''
    if [[ $said =~ $api_off ]]; then
      [ "$APIS_ARE_ON" = 1 ] || return 0
    elif [[ $said =~ $refused ]]; then
      say_within "$said"
      fail "$(shown "$@") was refused. $(missing_right "$said" "$@")"
    elif [[ $said =~ $not_there ]]; then
      return 0
    fi
    if [ "$try" -ge "$PROPAGATION_TRIES" ] || [[ ! $said =~ $passing ]]; then
      say_within "$said"
      fail "$(shown "$@") failed. What was done stays; mend the cause and run the same command again."
    fi
    say "    not yet ($try of $PROPAGATION_TRIES): ${said%%$'\n'*}"
    sleep "$PROPAGATION_PAUSE"
  done
}

# Runs what changes something: printed only with --dry-run, repeated while the cause passes by itself.
change() {
  local line try output status
  printf -v line '%q ' "$@"
  line=${line% }
  if [ "$DRY_RUN" = 1 ]; then
    printf '+ %s\n' "$line"
    return 0
  fi
  say "+ $line"
  for ((try = 1; ; try++)); do
    status=0
    output=$("$@" 2>&1) || status=$?
    if [ "$status" -eq 0 ]; then
      [ -z "$output" ] || say_within "$output"
      return 0
    fi
    # Two runs at once, or a run that died after the request: what is there need not be made.
    if [[ " $* " == *" create "* && $output =~ $there_already && $output != *'another project'* ]]; then
      say "    is there already"
      return 0
    fi
    # Likewise, what is gone need not be removed.
    if [[ " $* " == *" delete "* && $output =~ $not_there ]]; then
      say "    is gone already"
      return 0
    fi
    if [ "$try" -ge "$PROPAGATION_TRIES" ] || [[ ! $output =~ $passing ]]; then
      say_within "$output"
      if [[ $output =~ $refused ]]; then say "    $(missing_right "$output" "$@")"; fi
      return "$status"
    fi
    say "    not yet ($try of $PROPAGATION_TRIES): ${output%%$'\n'*}"
    sleep "$PROPAGATION_PAUSE"
  done
}

# Whether a listing has a line.
contains_line() { [[ $'\n'"$1"$'\n' == *$'\n'"$2"$'\n'* ]]; }

# Finds the line of a listing whose first field is NAME, in ROW; fields are parted by |.
find_row() {
  while IFS= read -r ROW; do
    [ "${ROW%%|*}" != "$2" ] || return 0
  done <<<"$1"
  ROW=''
  return 1
}
