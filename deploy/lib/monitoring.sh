#!/usr/bin/env bash
# Metrics, alert policies, their notification channel, the dashboard and the budget. Sourced after common.sh.
#
# Google fills in and rearranges what it is given here, so that what is there cannot be compared with what is declared. Each thing
# carries the fingerprint of the declaration that it was made of, and is brought up to date when that is another one now.
# shellcheck disable=SC2034,SC2154 # Variables come from common.sh and go to whoever sources this.

make_monitoring() {
  phase "Metrics, alerts, dashboard"
  make_metrics
  make_channel
  make_alerts
  make_dashboard
  make_budget
}

make_metrics() {
  local existing name print file
  look gcloud logging metrics list --format='value[separator="|"](name,description)'
  existing=$SEEN
  while IFS=$'\t' read -r name print; do
    file=$declared_folder/monitoring/$name.json
    if ! find_row "$existing" "$name"; then
      change gcloud logging metrics create "$name" --config-from-file="$file"
    elif [[ $ROW != *"[$print]"* ]]; then
      change gcloud logging metrics update "$name" --config-from-file="$file"
    fi
  done < <(declared metrics)
}

# One channel for all alerts, by mail, where the settings name an address: CHANNEL is its name.
make_channel() {
  local address
  CHANNEL=''
  look gcloud alpha monitoring channels list --filter='userLabels.app=charaforge-backend' \
    --format='value[separator="|"](name,labels.email_address)'
  IFS='|' read -r CHANNEL address <<<"$(head -n 1 <<<"$SEEN")"
  if [ -z "${ALERT_EMAIL:-}" ]; then
    # Alert policies lose it with that.
    if [ -n "$CHANNEL" ]; then change gcloud alpha monitoring channels delete "$CHANNEL" --force --quiet; fi
    CHANNEL=''
  elif [ -z "$CHANNEL" ]; then
    change gcloud alpha monitoring channels create --display-name=charaforge-backend --type=email \
      --channel-labels="email_address=$ALERT_EMAIL" --user-labels=app=charaforge-backend
    CHANNEL=the-new-channel
    [ "$DRY_RUN" = 1 ] || {
      look gcloud alpha monitoring channels list --filter='userLabels.app=charaforge-backend' --format='value(name)'
      CHANNEL=$(head -n 1 <<<"$SEEN")
    }
  elif [ "$address" != "$ALERT_EMAIL" ]; then
    change gcloud alpha monitoring channels update "$CHANNEL" --update-channel-labels="email_address=$ALERT_EMAIL"
  fi
}

# The GA track of gcloud has no alert policies. Channels that somebody added by hand stay.
make_alerts() {
  local existing name print file id had channels flags
  look gcloud alpha monitoring policies list \
    --format='value[separator="|"](displayName,name,userLabels.declared,notificationChannels.list())'
  existing=$SEEN
  while IFS=$'\t' read -r name print; do
    file=$declared_folder/monitoring/$name.json
    if ! find_row "$existing" "$name"; then
      change gcloud alpha monitoring policies create --policy-from-file="$file" ${CHANNEL:+"--notification-channels=$CHANNEL"}
      continue
    fi
    IFS='|' read -r _ id had channels <<<"$ROW"
    flags=()
    # A policy from a file replaces the channels too.
    if [ "$had" != "$print" ]; then flags=("--policy-from-file=$file" ${channels:+"--set-notification-channels=$channels"}); fi
    if [ -n "$CHANNEL" ] && [[ ",$channels," != *",$CHANNEL,"* ]]; then
      if [ "$had" != "$print" ]; then
        flags=("--policy-from-file=$file" "--set-notification-channels=${channels:+$channels,}$CHANNEL")
      else
        flags=("--add-notification-channels=$CHANNEL")
      fi
    fi
    if [ ${#flags[@]} -gt 0 ]; then change gcloud alpha monitoring policies update "$id" "${flags[@]}"; fi
  done < <(declared alerts)
}

make_dashboard() {
  local name print file id labels tag
  IFS=$'\t' read -r name print < <(declared dashboard)
  file=$declared_folder/monitoring/dashboard.json
  look gcloud monitoring dashboards list --format='value[separator="|"](displayName,name,etag,labels)'
  if ! find_row "$SEEN" "$name"; then
    change gcloud monitoring dashboards create --config-from-file="$file"
    return
  fi
  IFS='|' read -r _ id tag labels <<<"$ROW"
  if [[ $labels != *"declared-$print="* ]]; then
    # An update has to say which state it is of.
    printf '{"etag": "%s", %s' "$tag" "$(tail -c +2 "$file")" >"$declared_folder/monitoring/dashboard-update.json"
    change gcloud monitoring dashboards update "$id" --config-from-file="$declared_folder/monitoring/dashboard-update.json"
  fi
}

# Only where the settings name a billing account: most who deploy may not see it.
make_budget() {
  [ -n "${BILLING_ACCOUNT:-}" ] && [ -n "${BUDGET_AMOUNT:-}" ] || return 0
  local name thresholds share id amount have channels rules=() flags=()
  IFS=$'\t' read -r name thresholds < <(declared budget)
  look gcloud billing budgets list --billing-account="$BILLING_ACCOUNT" \
    --format='value[separator="|"](displayName,name,amount.specifiedAmount.units,amount.specifiedAmount.currencyCode,thresholdRules.thresholdPercent.list(),notificationsRule.monitoringNotificationChannels.list())'
  [ -z "$CHANNEL" ] || flags=("--notifications-rule-monitoring-notification-channels=$CHANNEL")
  if ! find_row "$SEEN" "$name"; then
    for share in $thresholds; do rules+=("--threshold-rule=percent=$share"); done
    change gcloud billing budgets create --billing-account="$BILLING_ACCOUNT" --display-name="$name" \
      --budget-amount="$BUDGET_AMOUNT" --filter-projects="projects/$PROJECT_ID" "${rules[@]}" ${flags[@]+"${flags[@]}"}
    return
  fi
  IFS='|' read -r _ id amount _ have channels <<<"$ROW"
  if [ "$channels" = "$CHANNEL" ]; then flags=(); fi
  # The currency of a budget that is there stays as it is.
  if [ "$amount" != "${BUDGET_AMOUNT%%[A-Z]*}" ]; then flags+=("--budget-amount=$BUDGET_AMOUNT"); fi
  if [ "$(plain_numbers "${have//,/ }")" != "$(plain_numbers "$thresholds")" ]; then
    flags+=(--clear-threshold-rules)
    for share in $thresholds; do flags+=("--add-threshold-rule=percent=$share"); done
  fi
  if [ ${#flags[@]} -gt 0 ]; then change gcloud billing budgets update "$id" "${flags[@]}"; fi
}

# 0.5 1.0 and 0.5 1 are the same.
plain_numbers() { sed -E 's/\.0+\b//g; s/[[:space:]]+/ /g' <<<"$*"; }
