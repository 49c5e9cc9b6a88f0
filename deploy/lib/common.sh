#!/usr/bin/env bash
# What every script of deploy/ begins with. Sourced, not run.
# shellcheck disable=SC2034 # Settings and flags are used by the scripts that source this.
set -euo pipefail

deploy_folder=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
root_folder=$(dirname "$deploy_folder")

DRY_RUN=0
ASSUME_YES=0
# How often, and after how many seconds, a command is repeated that failed because a right or an agent has not spread yet.
PROPAGATION_TRIES=${PROPAGATION_TRIES:-18}
PROPAGATION_PAUSE=${PROPAGATION_PAUSE:-10}

say() { printf '%s\n' "$*" >&2; }
phase() { printf '\n== %s\n' "$*" >&2; }
fail() {
  printf 'error: %s\n' "$*" >&2
  exit 1
}

on_error() {
  local status=$? line=$1 command=$2
  say ""
  say "Stopped at line $line: $command"
  say "What was done stays. Mend the cause (deploy/doctor.sh names most of them) and run the same command again."
  exit "$status"
}
trap 'on_error $LINENO "$BASH_COMMAND"' ERR
set -E

# Prints a command as somebody could type it.
shown() {
  local out='' word
  for word in "$@"; do out+=" $(printf '%q' "$word")"; done
  printf '%s\n' "${out# }"
}

# Failures that pass by themselves while Google spreads accounts, rights, agents and APIs, and collisions of policy writes.
passing='does not exist|not found for service account|[Pp]ropagat|has not been used|is disabled|not ready|[Cc]annot find metric|service agent|Service Agent|Permission denied while using|concurrent policy change|ABORTED|UNAVAILABLE|try again|temporarily|code=50[0234]|HTTPError 50[0234]|HTTPError 409: .*etag'

# The smallest of Google's own roles that may do what a gcloud command does.
role_for() {
  case "$1 $2" in
    'services '*) echo roles/serviceusage.serviceUsageAdmin ;;
    'iam '*) echo roles/iam.serviceAccountAdmin ;;
    'projects '*) echo roles/resourcemanager.projectIamAdmin ;;
    'storage '*) echo roles/storage.admin ;;
    'firestore '*) echo roles/datastore.owner ;;
    'secrets '*) echo roles/secretmanager.admin ;;
    'pubsub '*) echo roles/pubsub.admin ;;
    'artifacts '*) echo roles/artifactregistry.admin ;;
    'tasks '*) echo roles/cloudtasks.admin ;;
    'scheduler '*) echo 'roles/cloudscheduler.admin, and roles/iam.serviceAccountUser on charaforge-tasks' ;;
    'builds '*) echo 'roles/cloudbuild.builds.editor, and roles/iam.serviceAccountUser on charaforge-build' ;;
    'run '*) echo "roles/run.admin, and roles/iam.serviceAccountUser on the services' accounts" ;;
    'logging '*) echo roles/logging.configWriter ;;
    'monitoring '* | 'alpha monitoring') echo roles/monitoring.editor ;;
    'billing '*) echo 'roles/billing.costsManager on the billing account' ;;
    'eventarc '*) echo "roles/eventarc.admin, and roles/iam.serviceAccountUser on the triggers' accounts" ;;
    *) echo roles/owner ;;
  esac
}

# Runs what changes something: printed only with --dry-run, repeated while the cause passes by itself.
change() {
  if [ "$DRY_RUN" = 1 ]; then
    printf '+ %s\n' "$(shown "$@")"
    return 0
  fi
  printf '+ %s\n' "$(shown "$@")" >&2
  local try output status
  for ((try = 1; ; try++)); do
    status=0
    output=$("$@" 2>&1) || status=$?
    if [ "$status" -eq 0 ]; then
      [ -z "$output" ] || printf '%s\n' "$output" | sed 's/^/    /' >&2
      return 0
    fi
    # Two runs at once, or a run that died after the request: what is there need not be made.
    if [[ " $* " == *" create "* ]] && grep -qiE 'already ?exists|ALREADY_EXISTS|HTTPError 409.*exist' <<<"$output" &&
      ! grep -qi 'another project' <<<"$output"; then
      say "    is there already"
      return 0
    fi
    if [ "$try" -ge "$PROPAGATION_TRIES" ] || ! grep -qE "$passing" <<<"$output"; then
      printf '%s\n' "$output" | sed 's/^/    /' >&2
      if grep -qE 'PERMISSION_DENIED|does not have permission|HTTPError 403|forbidden' <<<"$output"; then
        say "    You lack a right; this one has it: $(role_for "$2" "$3")"
      fi
      return "$status"
    fi
    say "    not yet ($try of $PROPAGATION_TRIES): $(head -n 1 <<<"$output")"
    sleep "$PROPAGATION_PAUSE"
  done
}

# The declared things of one kind, one line each, tabs between. They are read once (tools/infra.ts), after the settings are known.
declared() {
  if [ $# -eq 1 ]; then cat "$declared_folder/$1"; else sed -n "s/^$2\t//p" "$declared_folder/$1"; fi
}

read_declared() {
  declared_folder=$(mktemp -d)
  trap 'rm -rf "$declared_folder"' EXIT
  # Bare `node` may be too old to run TypeScript; the project brings its own.
  npm --prefix "$root_folder" run --silent infra -- all "$declared_folder" 2>"$declared_folder/errors" || {
    cat "$declared_folder/errors" >&2
    fail "infra/ could not be read; run npm ci first."
  }
}

contains_line() { grep -qxF -- "$2" <<<"$1"; }

account_email() { printf '%s@%s.iam.gserviceaccount.com' "$1" "$PROJECT_ID"; }

# Cloud Run's second address of every service, which is known before the service is.
service_url() { printf 'https://%s-%s.%s.run.app' "$1" "$PROJECT_NUMBER" "$REGION"; }

usage_and_exit() {
  usage >&2
  exit 2
}

# Reads --dry-run, --yes, --config FILE, --help; the rest becomes ARGS.
read_flags() {
  ARGS=()
  CONFIG_FILE=${CONFIG_FILE:-$deploy_folder/config.env}
  while [ $# -gt 0 ]; do
    case $1 in
      --dry-run) DRY_RUN=1 ;;
      --yes) ASSUME_YES=1 ;;
      --config)
        [ $# -ge 2 ] || usage_and_exit
        CONFIG_FILE=$2
        shift
        ;;
      --help | -h)
        usage
        exit 0
        ;;
      -*) if ! accept_flag "$1"; then usage_and_exit; fi ;;
      *) ARGS+=("$1") ;;
    esac
    shift
  done
}

# Flags of one script alone; it may define its own.
accept_flag() { return 1; }

# Reads the settings file as data, not as a script: NAME=value, no quotes needed.
read_settings() {
  [ -f "$CONFIG_FILE" ] || fail "There is no $CONFIG_FILE; copy deploy/config.env.example and fill it in."
  local line number=0 name value
  while IFS= read -r line || [ -n "$line" ]; do
    number=$((number + 1))
    case $line in '' | '#'*) continue ;; esac
    [[ $line =~ ^([A-Z][A-Z0-9_]*)=(.*)$ ]] || fail "$CONFIG_FILE, line $number is not NAME=value."
    name=${BASH_REMATCH[1]}
    value=${BASH_REMATCH[2]}
    value=${value%$'\r'}
    export "$name=$value"
  done <"$CONFIG_FILE"
  [ -n "${PROJECT_ID:-}" ] || fail "$CONFIG_FILE has no PROJECT_ID."
  [ -n "${APP_BUCKET:-}" ] || fail "$CONFIG_FILE has no APP_BUCKET: the bucket that the app uploads to, without gs://."
  export REGION=${REGION:-us-central1} DATABASE=${DATABASE:-(default)}
  export BUILD_BUCKET=${BUILD_BUCKET:-$PROJECT_ID-charaforge-build}
  export WORK_BUCKET=${WORK_BUCKET:-$PROJECT_ID-charaforge-work} MODELS_BUCKET=${MODELS_BUCKET:-$PROJECT_ID-models}
  export CLOUDSDK_CORE_PROJECT=$PROJECT_ID CLOUDSDK_CORE_DISABLE_PROMPTS=1
}

# Where the database is: a trigger lies where its source is, and no service has to.
read_database() {
  local row
  # A project whose Firestore API is not enabled has no database.
  row=$(gcloud firestore databases list --format='value[separator="	"](name.basename(),locationId)' 2>/dev/null |
    grep -F -- "$DATABASE	" | head -n 1 || true)
  DATABASE_EXISTS=${row:+1}
  DATABASE_LOCATION=${DATABASE_LOCATION:-${row#*	}}
  [ -n "$DATABASE_LOCATION" ] ||
    fail "There is no database $DATABASE. Name the app's (DATABASE), or say where one is to be made (DATABASE_LOCATION)."
  export DATABASE_LOCATION
}

# Asks the project what only it can say. Needs gcloud, signed in.
read_project() {
  command -v gcloud >/dev/null || fail "gcloud is not installed: https://cloud.google.com/sdk/docs/install"
  PROJECT_NUMBER=$(gcloud projects describe "$PROJECT_ID" --format='value(projectNumber)') ||
    fail "The project $PROJECT_ID cannot be seen; see that it exists and that you are signed in: gcloud auth login"
  export PROJECT_NUMBER
  if [ -z "${APP_BUCKET_LOCATION:-}" ]; then
    APP_BUCKET_LOCATION=$(gcloud storage buckets describe "gs://$APP_BUCKET" --format='value(location)') ||
      fail "The app's bucket gs://$APP_BUCKET cannot be seen; see APP_BUCKET in $CONFIG_FILE."
  fi
  export APP_BUCKET_LOCATION=${APP_BUCKET_LOCATION,,}
  read_database
}
