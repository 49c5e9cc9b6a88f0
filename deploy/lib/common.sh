#!/usr/bin/env bash
# What every script of deploy/ begins with. Sourced, not run.
# shellcheck disable=SC2034 # Settings and flags are used by the scripts that source this.
set -euo pipefail

if [ "${BASH_VERSINFO[0]}" -lt 4 ]; then
  echo 'error: These scripts need bash 4 or newer (macOS: brew install bash; or use Cloud Shell).' >&2
  exit 1
fi

deploy_folder=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd)
root_folder=$(dirname "$deploy_folder")

DRY_RUN=0
ASSUME_YES=0
# What a script needs for itself; removed when it ends, unless a command that it printed names a file there.
scratch_folder=$(mktemp -d)
end() {
  before_end
  [ -e "$scratch_folder/keep" ] || rm -rf "$scratch_folder"
}
# What else a script has to put away, however it ends; it may define its own.
before_end() { :; }
trap end EXIT
declared_folder=$scratch_folder/declared

say() { printf '%s\n' "$*" >&2; }
note() { say "note: $*"; }
phase() { printf '\n== %s\n' "$*" >&2; }
fail() {
  printf 'error: %s\n' "$*" >&2
  printf '%s\n' "$*" >"$scratch_folder/failure"
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

# shellcheck source=lib/gcloud.sh
source "$deploy_folder/lib/gcloud.sh"
# shellcheck source=lib/settings.sh
source "$deploy_folder/lib/settings.sh"

# The declared things of one kind, one line each, tabs between; or one field of one that there is once. They are read once
# (tools/infra.ts), after the settings are known.
declared() {
  local text name value
  if [ $# -eq 1 ]; then
    text=$(<"$declared_folder/$1")
    [ -z "$text" ] || printf '%s\n' "$text"
    return
  fi
  while IFS=$'\t' read -r name value; do
    if [ "$name" = "$2" ]; then printf '%s\n' "$value"; fi
  done <"$declared_folder/$1"
}

read_declared() {
  mkdir "$declared_folder"
  # Bare `node` may be too old to run TypeScript; the project brings its own.
  npm --prefix "$root_folder" run --silent infra -- all "$declared_folder" 2>"$scratch_folder/errors" || {
    cat "$scratch_folder/errors" >&2
    fail "The settings and infra/ could not be read. What is said above has to be mended; in a fresh clone run npm ci first."
  }
}

# Names as a sentence has them: model-sync,api becomes model-sync and api.
in_words() {
  local words=${1//,/, }
  if [[ $words == *', '* ]]; then words="${words%, *} and ${words##*, }"; fi
  printf '%s' "$words"
}

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

# Where the database is: a trigger lies where its source is, and no service has to.
read_database() {
  local location
  # A project whose Firestore API is not enabled has no database.
  look gcloud firestore databases list --format='value[separator="|"](name.basename(),locationId,type)'
  DATABASE_EXISTS=''
  if find_row "$SEEN" "$DATABASE"; then
    DATABASE_EXISTS=1
    IFS='|' read -r _ location DATABASE_TYPE <<<"$ROW"
    DATABASE_LOCATION=${DATABASE_LOCATION:-$location}
  fi
  [ -n "${DATABASE_LOCATION:-}" ] ||
    fail "There is no database $DATABASE. Name the app's (DATABASE), or say where one is to be made (DATABASE_LOCATION)."
  export DATABASE_LOCATION
}

# Asks the project what only it can say. Needs gcloud, signed in.
read_project() {
  command -v gcloud >/dev/null || fail "gcloud is not installed: https://cloud.google.com/sdk/docs/install"
  look gcloud projects describe "$PROJECT_ID" --format='value(projectNumber)'
  export PROJECT_NUMBER=$SEEN
  [ -n "$PROJECT_NUMBER" ] || fail "There is no project $PROJECT_ID; see PROJECT_ID in $CONFIG_FILE."
  if [ -z "${APP_BUCKET_LOCATION:-}" ]; then
    look gcloud storage buckets describe "gs://$APP_BUCKET" --format='value(location)'
    [ -n "$SEEN" ] || fail "There is no bucket gs://$APP_BUCKET; see APP_BUCKET in $CONFIG_FILE."
    APP_BUCKET_LOCATION=$SEEN
  fi
  export APP_BUCKET_LOCATION=${APP_BUCKET_LOCATION,,}
  read_database
}
