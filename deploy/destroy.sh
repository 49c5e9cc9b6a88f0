#!/usr/bin/env bash
# Removes what setup.sh and deploy.sh made. Data stays unless it is asked for by name; the app's bucket and database always stay.
# shellcheck source=lib/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
# shellcheck source=lib/grants.sh
source "$deploy_folder/lib/grants.sh"

usage() {
  cat <<'TEXT'
usage: deploy/destroy.sh [--dry-run] [--yes] [--with-data] [--config FILE]

Removes services, triggers, schedules, queues, the image repository, topics, accounts and secrets. The app's bucket, its database and all
documents stay. Our own buckets stay too, and so do the secrets' values, unless --with-data is given.

  --dry-run      prints the commands that would change something, and runs none of them
  --yes          does not ask
  --with-data    also removes our buckets with all models and temporaries, and the secrets
TEXT
}

WITH_DATA=0
accept_flag() {
  [ "$1" = --with-data ] || return 1
  WITH_DATA=1
}

ask() {
  [ "$DRY_RUN" = 0 ] && [ "$ASSUME_YES" = 0 ] || return 0
  local what="services, triggers, queues, schedules and accounts of charaforge-backend" typed
  [ "$WITH_DATA" = 0 ] || what+=", ALL MODELS in gs://$MODELS_BUCKET and the secrets"
  printf 'This removes %s in %s.\nType the project id to go on: ' "$what" "$PROJECT_ID" >&2
  read -r typed || fail "Nobody answered; nothing was removed."
  [ "$typed" = "$PROJECT_ID" ] || fail "That is not $PROJECT_ID; nothing was removed."
}

# remove_found NAME command…: runs the command where NAME is among what was listed.
remove_found() {
  local name=$1
  shift
  if contains_line "$FOUND" "$name"; then change "$@"; fi
}

# Lists names into FOUND.
find_all() {
  look gcloud "$@"
  FOUND=$SEEN
}

remove_triggers() {
  phase "Triggers"
  local name location
  while IFS=$'\t' read -r name _ _ _ location _; do
    find_all eventarc triggers list --location="$location" --format='value(name.basename())'
    remove_found "$name" gcloud eventarc triggers delete "$name" --location="$location" --quiet
  done < <(declared triggers)
}

remove_services() {
  phase "Services"
  local service
  find_all run services list --region="$REGION" --format='value(metadata.name)'
  while IFS= read -r service; do
    remove_found "$service" gcloud run services delete "$service" --region="$REGION" --quiet
  done < <(declared services)
}

remove_callers() {
  phase "Schedules and queues"
  local name
  find_all scheduler jobs list --location="$REGION" --format='value(name.basename())'
  while IFS=$'\t' read -r name _; do
    remove_found "$name" gcloud scheduler jobs delete "$name" --location="$REGION" --quiet
  done < <(declared schedules)
  find_all tasks queues list --location="$REGION" --format='value(name.basename())'
  while IFS=$'\t' read -r name _; do
    remove_found "$name" gcloud tasks queues delete "$name" --location="$REGION" --quiet
  done < <(declared queues)
}

remove_images() {
  phase "Images, dead letters"
  local name
  name=$(declared repository name)
  find_all artifacts repositories list --location="$REGION" --format='value(name.basename())'
  remove_found "$name" gcloud artifacts repositories delete "$name" --location="$REGION" --quiet
  name=$(declared subscription deadLetterSubscription)
  find_all pubsub subscriptions list --format='value(name.basename())'
  remove_found "$name" gcloud pubsub subscriptions delete "$name" --quiet
  name=$(declared subscription deadLetterTopic)
  find_all pubsub topics list --format='value(name.basename())'
  remove_found "$name" gcloud pubsub topics delete "$name" --quiet
}

# A role of a removed account would stay on what stays, as a line that nobody can use.
remove_accounts() {
  phase "Rights and accounts"
  local name
  revoke_all project "bucket"
  if [ "$WITH_DATA" = 0 ]; then revoke_all secret; fi
  find_all iam service-accounts list --format='value(email)'
  while IFS=$'\t' read -r name _; do
    remove_found "$(account_email "$name")" gcloud iam service-accounts delete "$(account_email "$name")" --quiet
  done < <(declared accounts)
}

remove_monitoring() {
  phase "Metrics, alerts, dashboard"
  local name
  find_all alpha monitoring policies list --filter='userLabels.app=charaforge-backend' --format='value(name)'
  for name in $FOUND; do change gcloud alpha monitoring policies delete "$name" --quiet; done
  find_all alpha monitoring channels list --filter='userLabels.app=charaforge-backend' --format='value(name)'
  for name in $FOUND; do change gcloud alpha monitoring channels delete "$name" --force --quiet; done
  find_all monitoring dashboards list --filter='labels.charaforge-backend:*' --format='value(name)'
  for name in $FOUND; do change gcloud monitoring dashboards delete "$name" --quiet; done
  find_all logging metrics list --format='value(name)'
  while IFS=$'\t' read -r name _; do
    remove_found "$name" gcloud logging metrics delete "$name" --quiet
  done < <(declared metrics)
  if [ -n "${BILLING_ACCOUNT:-}" ]; then
    look gcloud billing budgets list --billing-account="$BILLING_ACCOUNT" --format='value[separator="|"](displayName,name)'
    if find_row "$SEEN" "$(cut -f1 "$declared_folder/budget")"; then change gcloud billing budgets delete "${ROW#*|}" --quiet; fi
  fi
}

remove_data() {
  phase "Data"
  local name
  find_all secrets list --format='value(name.basename())'
  while IFS=$'\t' read -r name _; do
    remove_found "$name" gcloud secrets delete "$name" --quiet
  done < <(declared secrets)
  find_all storage buckets list --format='value(name)'
  while IFS=$'\t' read -r name _; do
    remove_found "$name" gcloud storage rm --recursive --quiet "gs://$name"
  done < <(declared buckets)
}

read_flags "$@"
[ ${#ARGS[@]} -eq 0 ] || usage_and_exit
read_settings
read_project
ask
read_declared
remove_triggers
remove_services
remove_callers
remove_images
remove_monitoring
remove_accounts
if [ "$WITH_DATA" = 1 ]; then remove_data; fi
phase "Done"
[ "$WITH_DATA" = 1 ] || say "gs://$WORK_BUCKET, gs://$MODELS_BUCKET, gs://$BUILD_BUCKET and the secrets are still there (--with-data removes them)."
say "The app's bucket, its database and all documents are as they were."
