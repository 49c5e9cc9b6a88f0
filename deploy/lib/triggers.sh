#!/usr/bin/env bash
# Eventarc triggers of the services, and what their subscriptions need to have. Sourced after common.sh and grants.sh.

make_triggers() {
  phase "Triggers"
  local name service path account location filters patterns content existing
  SUBSCRIPTIONS=''
  while IFS=$'\t' read -r name service path account location filters patterns content; do
    [[ " $SERVICES " == *" $service "* ]] || continue
    existing=$(gcloud eventarc triggers list --location="$location" --format='value(name.basename())')
    if ! contains_line "$existing" "$name"; then
      local flags=() one
      for one in $filters; do flags+=("--event-filters=$one"); done
      if [ "$patterns" != - ]; then for one in $patterns; do flags+=("--event-filters-path-pattern=$one"); done; fi
      if [ "$content" != - ]; then flags+=("--event-data-content-type=$content"); fi
      change gcloud eventarc triggers create "$name" --location="$location" --destination-run-service="$service" \
        --destination-run-region="$REGION" --destination-run-path="$path" --service-account="$(account_email "$account")" \
        "${flags[@]}"
    fi
    set_subscription "$name" "$location"
  done < <(declared triggers)
  # The dead letters' sender reads from the subscriptions that are there now.
  grant_all subscriptions
}

# Eventarc's own defaults are an ack deadline of 10 s and no dead letters; no field of a trigger says otherwise.
set_subscription() {
  local subscription wanted have topic
  topic=$(declared subscription deadLetterTopic)
  if [ "$DRY_RUN" = 1 ]; then
    subscription=$(gcloud eventarc triggers describe "$1" --location="$2" --format='value(transport.pubsub.subscription.basename())' 2>/dev/null || true)
    subscription=${subscription:-the-subscription-of-$1}
  else
    subscription=$(gcloud eventarc triggers describe "$1" --location="$2" --format='value(transport.pubsub.subscription.basename())')
  fi
  SUBSCRIPTIONS+=" $subscription"
  wanted="$(declared subscription ackDeadlineSeconds)	$(declared subscription minRetrySeconds)s	$(declared subscription maxRetrySeconds)s	projects/$PROJECT_ID/topics/$topic	$(declared subscription maxDeliveryAttempts)"
  have=$(gcloud pubsub subscriptions describe "$subscription" --format='value[separator="	"](ackDeadlineSeconds,retryPolicy.minimumBackoff,retryPolicy.maximumBackoff,deadLetterPolicy.deadLetterTopic,deadLetterPolicy.maxDeliveryAttempts)' 2>/dev/null || true)
  [ "$have" != "$wanted" ] || return 0
  change gcloud pubsub subscriptions update "$subscription" --ack-deadline="$(declared subscription ackDeadlineSeconds)" \
    --min-retry-delay="$(declared subscription minRetrySeconds)s" --max-retry-delay="$(declared subscription maxRetrySeconds)s" \
    --dead-letter-topic="$topic" --max-delivery-attempts="$(declared subscription maxDeliveryAttempts)"
}
