#!/usr/bin/env bash
# Makes what infra/project.yaml declares, as far as it is missing. Sourced after common.sh and grants.sh; with DRY_RUN the
# commands are printed only, which is how doctor.sh says what mends a project.

enable_apis() {
  phase "APIs"
  local enabled api missing=()
  enabled=$(gcloud services list --enabled --format='value(config.name)')
  while IFS= read -r api; do contains_line "$enabled" "$api" || missing+=("$api"); done < <(declared apis)
  if [ ${#missing[@]} -gt 0 ]; then change gcloud services enable "${missing[@]}"; fi
}

make_accounts() {
  phase "Service accounts"
  local existing id name
  existing=$(gcloud iam service-accounts list --format='value(email)')
  while IFS=$'\t' read -r id name; do
    contains_line "$existing" "$(account_email "$id")" && continue
    change gcloud iam service-accounts create "$id" --display-name="charaforge: $name"
  done < <(declared accounts)
}

make_buckets() {
  phase "Our buckets"
  local existing name location lifecycle rules
  existing=$(gcloud storage buckets list --format='value(name)')
  while IFS=$'\t' read -r name location lifecycle; do
    if ! contains_line "$existing" "$name"; then
      change gcloud storage buckets create "gs://$name" --location="$location" --uniform-bucket-level-access \
        --public-access-prevention --soft-delete-duration=0
    fi
    rules=$(gcloud storage buckets describe "gs://$name" --format='value(lifecycle_config.rule)' 2>/dev/null || true)
    if [ -z "$rules" ]; then change gcloud storage buckets update "gs://$name" --lifecycle-file="$lifecycle"; fi
  done < <(declared buckets)
}

make_database() {
  phase "Database"
  if [ -z "$DATABASE_EXISTS" ]; then
    change gcloud firestore databases create --database="$DATABASE" --location="$DATABASE_LOCATION" --type=firestore-native
  fi
  make_indexes
}

make_indexes() {
  local existing collection fields field wanted flags
  # One line an index: collection, then path and order of each field but the last, which Firestore adds by itself.
  existing=$(gcloud firestore indexes composite list --database="$DATABASE" \
    --format='value(name.segment(-3),fields.fieldPath.list(),fields.order.list())' 2>/dev/null || true)
  while IFS=$'\t' read -r collection fields; do
    wanted=$(index_line "$collection" "$fields")
    if grep -qE -- "$wanted" <<<"$existing"; then continue; fi
    flags=()
    for field in $fields; do flags+=("--field-config=$field"); done
    change gcloud firestore indexes composite create --database="$DATABASE" --collection-group="$collection" \
      --query-scope=collection --async "${flags[@]}"
  done < <(declared indexes)
  existing=$(gcloud firestore fields ttls list --database="$DATABASE" --format='value(name)' 2>/dev/null || true)
  while IFS=$'\t' read -r collection field; do
    if grep -qE "/collectionGroups/$collection/fields/$field\$" <<<"$existing"; then continue; fi
    change gcloud firestore fields ttls update "$field" --database="$DATABASE" --collection-group="$collection" \
      --enable-ttl --async
  done < <(declared ttls)
}

# How `composite list` shows an index, as a pattern.
index_line() {
  local paths='' orders='' field path order
  for field in $2; do
    path=${field#field-path=}
    order=${path#*,}
    paths+="${paths:+,}${path%%,*}"
    case $order in order=descending) orders+="${orders:+,}DESCENDING" ;; *) orders+="${orders:+,}ASCENDING" ;; esac
  done
  printf '^%s\t%s(,__name__)?\t%s(,.*)?$' "$1" "$paths" "$orders"
}

make_secrets() {
  phase "Secrets"
  local existing name variable services
  existing=$(gcloud secrets list --format='value(name.basename())')
  EMPTY_SECRETS=()
  while IFS=$'\t' read -r name variable _ services; do
    if ! contains_line "$existing" "$name"; then
      change gcloud secrets create "$name" --replication-policy=automatic
      EMPTY_SECRETS+=("$name ($variable of $services)")
    fi
  done < <(declared secrets)
}

make_dead_letters() {
  phase "Dead letters"
  local topic subscription days
  topic=$(declared subscription deadLetterTopic)
  subscription=$(declared subscription deadLetterSubscription)
  days=$(declared subscription deadLetterRetentionDays)
  if ! contains_line "$(gcloud pubsub topics list --format='value(name.basename())')" "$topic"; then
    change gcloud pubsub topics create "$topic"
  fi
  if ! contains_line "$(gcloud pubsub subscriptions list --format='value(name.basename())')" "$subscription"; then
    change gcloud pubsub subscriptions create "$subscription" --topic="$topic" --ack-deadline=600 \
      --message-retention-duration="${days}d" --expiration-period=never
  fi
}

make_repository() {
  phase "Image repository"
  local name policies
  name=$(declared repository name)
  if ! contains_line "$(gcloud artifacts repositories list --location="$REGION" --format='value(name.basename())')" "$name"; then
    change gcloud artifacts repositories create "$name" --repository-format=docker --location="$REGION" \
      --description='Images of charaforge-backend'
  fi
  policies=$(gcloud artifacts repositories describe "$name" --location="$REGION" --format='value(cleanupPolicies)' 2>/dev/null || true)
  if [ -z "$policies" ]; then
    change gcloud artifacts repositories set-cleanup-policies "$name" --location="$REGION" \
      --policy="$(declared repository cleanup)" --no-dry-run
  fi
}

make_queues() {
  phase "Task queues"
  local existing name rate concurrent
  existing=$(gcloud tasks queues list --location="$REGION" --format='value(name.basename())')
  while IFS=$'\t' read -r name rate concurrent; do
    contains_line "$existing" "$name" && continue
    change gcloud tasks queues create "$name" --location="$REGION" --max-dispatches-per-second="$rate" \
      --max-concurrent-dispatches="$concurrent" --min-backoff=5s --max-backoff=300s --max-retry-duration=86400s
  done < <(declared queues)
}

make_schedules() {
  phase "Schedules"
  local existing name cron service
  existing=$(gcloud scheduler jobs list --location="$REGION" --format='value(name.basename())')
  while IFS=$'\t' read -r name cron service; do
    contains_line "$existing" "$name" && continue
    change gcloud scheduler jobs create http "$name" --location="$REGION" --schedule="$cron" --time-zone=Etc/UTC \
      --uri="$(service_url "$service")/internal/reconcile" --http-method=POST --attempt-deadline=600s \
      --oidc-service-account-email="$(account_email charaforge-tasks)" --oidc-token-audience="$(service_url "$service")"
  done < <(declared schedules)
}

make_monitoring() {
  phase "Metrics, alerts, dashboard"
  local existing name
  existing=$(gcloud logging metrics list --format='value(name)')
  while IFS= read -r name; do
    contains_line "$existing" "$name" && continue
    change gcloud logging metrics create "$name" --config-from-file="${declared_folder:?}/monitoring/$name.json"
  done < <(declared metrics)
  # The GA track of gcloud has no alert policies.
  existing=$(gcloud alpha monitoring policies list --format='value(displayName)')
  while IFS= read -r name; do
    contains_line "$existing" "$name" && continue
    change gcloud alpha monitoring policies create --policy-from-file="${declared_folder:?}/monitoring/$name.json"
  done < <(declared alerts)
  name=$(declared dashboard)
  if ! contains_line "$(gcloud monitoring dashboards list --format='value(displayName)')" "$name"; then
    change gcloud monitoring dashboards create --config-from-file="${declared_folder:?}/monitoring/dashboard.json"
  fi
  make_budget
}

# Only where the settings name a billing account: most who deploy may not see it.
make_budget() {
  [ -n "${BILLING_ACCOUNT:-}" ] && [ -n "${BUDGET_AMOUNT:-}" ] || return 0
  local name thresholds share rules=()
  IFS=$'\t' read -r name thresholds < <(declared budget)
  if contains_line "$(gcloud billing budgets list --billing-account="$BILLING_ACCOUNT" --format='value(displayName)')" "$name"; then
    return 0
  fi
  for share in $thresholds; do rules+=("--threshold-rule=percent=$share"); done
  change gcloud billing budgets create --billing-account="$BILLING_ACCOUNT" --display-name="$name" \
    --budget-amount="$BUDGET_AMOUNT" --filter-projects="projects/$PROJECT_ID" "${rules[@]}"
}

# Everything that does not depend on a deployed service.
make_project() {
  enable_apis
  make_accounts
  make_buckets
  make_database
  make_secrets
  make_dead_letters
  make_repository
  make_queues
  phase "Rights"
  # Cloud Storage's own account is made when it is asked for.
  if [ "$DRY_RUN" = 0 ]; then gcloud storage service-agent >/dev/null; fi
  grant_all project bucket secret account queue topic repository
  make_schedules
  make_monitoring
}
