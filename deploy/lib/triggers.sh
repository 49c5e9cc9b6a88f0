#!/usr/bin/env bash
# Eventarc triggers of the services, and what their subscriptions need to have. Sourced after common.sh and grants.sh.
# shellcheck disable=SC2034,SC2154 # Variables come from common.sh and go to whoever sources this.

make_triggers() {
  phase "Triggers"
  local name service path account location filters patterns content flags all one
  SUBSCRIPTIONS=''
  while IFS=$'\t' read -r name service path account location filters patterns content; do
    [[ " $SERVICES " == *" $service "* ]] || continue
    flags=(--destination-run-service="$service" --destination-run-region="$REGION" --destination-run-path="$path"
      --service-account="$(account_email "$account")")
    all=$filters
    for one in $filters; do flags+=("--event-filters=$one"); done
    if [ "$patterns" != - ]; then
      all+=" $patterns"
      for one in $patterns; do flags+=("--event-filters-path-pattern=$one"); done
    fi
    if [ "$content" != - ]; then flags+=("--event-data-content-type=$content"); fi
    look gcloud eventarc triggers list --location="$location" \
      --format='value[separator="|"](name.basename(),destination.cloudRun.service.basename(),destination.cloudRun.region,destination.cloudRun.path,serviceAccount.basename(),eventDataContentType,eventFilters.map().format("{0}={1}",attribute,value).list(separator=" "),transport.pubsub.subscription.basename())'
    SUBSCRIPTION=''
    if ! find_row "$SEEN" "$name"; then
      # Its subscription gets a name by Google when it is made: no commands that doctor.sh could print now would set it.
      if [ "$TAKE_EXTRA" = 1 ]; then
        printf '+ deploy/deploy.sh %s   # makes the trigger %s, and sets its subscription\n' "$service" "$name"
        continue
      fi
      change gcloud eventarc triggers create "$name" --location="$location" "${flags[@]}"
      if [ "$DRY_RUN" = 0 ]; then
        look gcloud eventarc triggers describe "$name" --location="$location" --format='value(transport.pubsub.subscription.basename())'
        SUBSCRIPTION=$SEEN
      fi
    elif ! trigger_is "$service" "$path" "$(account_email "$account")" "$content" "$all"; then
      change gcloud eventarc triggers update "$name" --location="$location" "${flags[@]}"
    fi
    set_subscription "${SUBSCRIPTION:-the-subscription-of-$name}"
  done < <(declared triggers)
  # The dead letters' sender reads from the subscriptions that are there now.
  grant_all subscriptions
}

# Whether the trigger in ROW is set like this; its subscription comes in SUBSCRIPTION. Google gives filters in any order.
trigger_is() {
  local service region path account content filters
  IFS='|' read -r _ service region path account content filters SUBSCRIPTION <<<"$ROW"
  if [ "$4" = - ]; then content=-; fi
  [ "$service|$region|$path|$account|$content" = "$1|$REGION|$2|$3|$4" ] && [ "$(sorted "$filters")" = "$(sorted "$5")" ]
}

# Words in their order.
sorted() { tr ' ' '\n' <<<"$1" | sort | tr '\n' ' '; }

# Eventarc's own defaults are an ack deadline of 10 s and no dead letters; no field of a trigger says otherwise.
set_subscription() {
  local subscription=$1 ack min max tries topic
  SUBSCRIPTIONS+=" $subscription"
  ack=$(declared subscription ackDeadlineSeconds)
  min=$(declared subscription minRetrySeconds)
  max=$(declared subscription maxRetrySeconds)
  tries=$(declared subscription maxDeliveryAttempts)
  topic=$(declared subscription deadLetterTopic)
  look gcloud pubsub subscriptions describe "$subscription" \
    --format='value[separator="|"](ackDeadlineSeconds,retryPolicy.minimumBackoff,retryPolicy.maximumBackoff,deadLetterPolicy.deadLetterTopic,deadLetterPolicy.maxDeliveryAttempts)'
  [ "$SEEN" != "$ack|${min}s|${max}s|projects/$PROJECT_ID/topics/$topic|$tries" ] || return 0
  change gcloud pubsub subscriptions update "$subscription" --ack-deadline="$ack" --min-retry-delay="${min}s" \
    --max-retry-delay="${max}s" --dead-letter-topic="$topic" --max-delivery-attempts="$tries"
}
