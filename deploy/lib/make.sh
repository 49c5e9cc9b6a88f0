#!/usr/bin/env bash
# Makes what infra/project.yaml declares: what is missing is made, what is set otherwise is set right, what is right is left alone.
# Sourced after common.sh and grants.sh; with DRY_RUN the commands are printed only, which is how doctor.sh says what mends a project.
# shellcheck disable=SC2034,SC2154 # Variables come from common.sh and go to whoever sources this.
# shellcheck source=lib/buckets.sh
source "$deploy_folder/lib/buckets.sh"
# shellcheck source=lib/database.sh
source "$deploy_folder/lib/database.sh"
# shellcheck source=lib/monitoring.sh
source "$deploy_folder/lib/monitoring.sh"

enable_apis() {
  phase "APIs"
  local api missing=()
  look gcloud services list --enabled --format='value(config.name)'
  while IFS= read -r api; do contains_line "$SEEN" "$api" || missing+=("$api"); done < <(declared apis)
  if [ ${#missing[@]} -gt 0 ]; then
    change gcloud services enable "${missing[@]}"
    [ "$DRY_RUN" = 0 ] || return 0
  fi
  APIS_ARE_ON=1
}

make_accounts() {
  phase "Service accounts"
  local existing id name
  look gcloud iam service-accounts list --format='value[separator="|"](email,disabled)'
  existing=$SEEN
  while IFS=$'\t' read -r id name; do
    if ! find_row "$existing" "$(account_email "$id")"; then
      change gcloud iam service-accounts create "$id" --display-name="charaforge: $name"
    elif [[ ${ROW,,} == *'|true' ]]; then
      note "Somebody has disabled $(account_email "$id"), and its service can do nothing: $(shown gcloud iam service-accounts enable "$(account_email "$id")")"
    fi
  done < <(declared accounts)
}

make_secrets() {
  phase "Secrets"
  local existing name
  look gcloud secrets list --format='value(name.basename())'
  existing=$SEEN
  while IFS=$'\t' read -r name _; do
    contains_line "$existing" "$name" || change gcloud secrets create "$name" --replication-policy=automatic
  done < <(declared secrets)
}

make_dead_letters() {
  phase "Dead letters"
  local topic subscription seconds
  topic=$(declared subscription deadLetterTopic)
  subscription=$(declared subscription deadLetterSubscription)
  seconds=$(($(declared subscription deadLetterRetentionDays) * 86400))
  look gcloud pubsub topics list --format='value(name.basename())'
  if ! contains_line "$SEEN" "$topic"; then change gcloud pubsub topics create "$topic"; fi
  look gcloud pubsub subscriptions list \
    --format='value[separator="|"](name.basename(),topic.basename(),ackDeadlineSeconds,messageRetentionDuration,expirationPolicy.ttl)'
  if ! find_row "$SEEN" "$subscription"; then
    change gcloud pubsub subscriptions create "$subscription" --topic="$topic" --ack-deadline=600 \
      --message-retention-duration="${seconds}s" --expiration-period=never
  elif [[ $ROW != "$subscription|$topic|"* ]]; then
    note "The subscription $subscription is not one of the topic $topic, so that dead letters are lost. When you have read what is in it: $(shown gcloud pubsub subscriptions delete "$subscription"), and deploy/setup.sh"
  elif [ "$ROW" != "$subscription|$topic|600|${seconds}s|" ]; then
    change gcloud pubsub subscriptions update "$subscription" --ack-deadline=600 --message-retention-duration="${seconds}s" \
      --expiration-period=never
  fi
}

make_repository() {
  phase "Image repository"
  local name print had=''
  name=$(declared repository name)
  print=$(declared repository print)
  look gcloud artifacts repositories list --location="$REGION" --format='value[separator="|"](name.basename(),labels.cleanup)'
  if find_row "$SEEN" "$name"; then
    had=${ROW#*|}
  else
    change gcloud artifacts repositories create "$name" --repository-format=docker --location="$REGION" \
      --description='Images of charaforge-backend'
  fi
  # Google rearranges the policies; the label says which declaration they were made of, and is set when they are.
  if [ "$had" != "$print" ]; then
    change gcloud artifacts repositories set-cleanup-policies "$name" --location="$REGION" \
      --policy="$(declared repository cleanup)" --no-dry-run
    change gcloud artifacts repositories update "$name" --location="$REGION" --update-labels="cleanup=$print"
  fi
}

make_queues() {
  phase "Task queues"
  local existing name rate concurrent flags
  look gcloud tasks queues list --location="$REGION" \
    --format='value[separator="|"](name.basename(),rateLimits.maxDispatchesPerSecond,rateLimits.maxConcurrentDispatches,retryConfig.minBackoff,retryConfig.maxBackoff,retryConfig.maxRetryDuration,state)'
  existing=${SEEN//.0|/|}
  while IFS=$'\t' read -r name rate concurrent; do
    flags=("$name" --location="$REGION" --max-dispatches-per-second="$rate" --max-concurrent-dispatches="$concurrent"
      --min-backoff=5s --max-backoff=300s --max-retry-duration=86400s)
    if ! find_row "$existing" "$name"; then
      change gcloud tasks queues create "${flags[@]}"
      continue
    fi
    if [[ $ROW != "$name|$rate|$concurrent|5s|300s|86400s|"* ]]; then change gcloud tasks queues update "${flags[@]}"; fi
    if [[ $ROW == *'|PAUSED' ]]; then
      note "Somebody has paused the queue $name; its jobs wait: $(shown gcloud tasks queues resume "$name" --location="$REGION")"
    fi
  done < <(declared queues)
}

make_schedules() {
  phase "Schedules"
  local existing name cron service url caller flags
  look gcloud scheduler jobs list --location="$REGION" \
    --format='value[separator="|"](name.basename(),schedule,timeZone,httpTarget.uri,httpTarget.httpMethod,attemptDeadline,httpTarget.oidcToken.serviceAccountEmail,httpTarget.oidcToken.audience,state)'
  existing=$SEEN
  caller=$(account_email charaforge-tasks)
  while IFS=$'\t' read -r name cron service; do
    url=$(service_url "$service")
    flags=("$name" --location="$REGION" --schedule="$cron" --time-zone=Etc/UTC --uri="$url/internal/reconcile"
      --http-method=POST --attempt-deadline=600s --oidc-service-account-email="$caller" --oidc-token-audience="$url")
    if ! find_row "$existing" "$name"; then
      change gcloud scheduler jobs create http "${flags[@]}"
      continue
    fi
    if [[ $ROW != "$name|$cron|Etc/UTC|$url/internal/reconcile|POST|600s|$caller|$url|"* ]]; then
      change gcloud scheduler jobs update http "${flags[@]}"
    fi
    if [[ $ROW == *'|PAUSED' ]]; then
      note "Somebody has paused the schedule $name; nothing is reconciled: $(shown gcloud scheduler jobs resume "$name" --location="$REGION")"
    fi
  done < <(declared schedules)
}

make_rights() {
  phase "Rights"
  # Cloud Storage's own account is made when it is asked for.
  if [ "$DRY_RUN" = 0 ]; then look gcloud storage service-agent; fi
  grant_all project bucket secret account queue topic repository
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
  make_rights
  make_schedules
  make_monitoring
}
