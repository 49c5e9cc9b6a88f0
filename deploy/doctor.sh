#!/usr/bin/env bash
# Looks whether the project is as infra/ declares it and says, for everything that is not, the one command that mends it. Changes
# nothing.
# shellcheck source=lib/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
# shellcheck source=lib/grants.sh
source "$deploy_folder/lib/grants.sh"
# shellcheck source=lib/make.sh
source "$deploy_folder/lib/make.sh"
# shellcheck source=lib/triggers.sh
source "$deploy_folder/lib/triggers.sh"
# shellcheck source=lib/app.sh
source "$deploy_folder/lib/app.sh"

usage() {
  cat <<'TEXT'
usage: deploy/doctor.sh [--config FILE]

Compares the project with infra/ and prints, for each difference, the command that mends it (+). What cannot be looked at is said
too (?), with the role that is missing. Changes nothing. Ends with 1 where something has to be mended, with 0 where all is
well; notes are for you to judge.
TEXT
}

note() { printf 'note: %s\n' "$*"; }

# Looks at one thing; where it may not, it says so, and the next one is looked at.
part() {
  local status
  rm -f "$scratch_folder/failure"
  set +e
  trap - ERR
  (
    set -e
    trap 'on_error $LINENO "$BASH_COMMAND"' ERR
    "$@"
  )
  status=$?
  trap 'on_error $LINENO "$BASH_COMMAND"' ERR
  set -e
  [ "$status" -eq 0 ] || printf '? %s\n' "$(cat "$scratch_folder/failure" 2>/dev/null || echo "$1 ended before its end")"
}

counted() { if [ "$1" = 1 ]; then printf '1 thing'; else printf '%s things' "$1"; fi; }

look_at_services() {
  phase "Services"
  local service ready why traffic
  SERVICES=''
  while IFS= read -r service; do
    look gcloud run services describe "$service" --region="$REGION" \
      --format='value[separator="|"](status.conditions.map().format("{0}={1}",type,status).list(),status.latestReadyRevisionName,status.traffic.map().format("{0}={1}",revisionName,percent).list(separator=" "))'
    if [ -z "$SEEN" ]; then
      printf '+ deploy/deploy.sh %s\n' "$service"
      continue
    fi
    SERVICES+=" $service"
    IFS='|' read -r why ready traffic <<<"$SEEN"
    if [[ ",$why," != *,Ready=True,* ]]; then
      printf '+ %s   # it is not ready (%s)\n' "$(shown gcloud run services logs read "$service" --region="$REGION")" "$why"
    elif [[ " $traffic " != *" $ready=100 "* ]]; then
      note "The newest revision of $service, $ready, does not have all traffic ($traffic): $(shown gcloud run services update-traffic "$service" --region="$REGION" --to-latest)"
    fi
    if contains_line "$(wanted_grants service)" "service:$service|roles/run.invoker|allUsers" && ! curl --silent --fail --max-time 30 "$(service_url "$service")/health" >/dev/null; then
      printf '+ %s   # it does not answer %s/health\n' "$(shown gcloud run services logs read "$service" --region="$REGION")" "$(service_url "$service")"
    fi
  done < <(declared services)
  phase "Rights on the services"
  grant_all service
  make_triggers
}

look_at_secrets() {
  phase "Secrets' values"
  local name variable services run
  while IFS=$'\t' read -r name variable _ services; do
    look gcloud secrets versions list "$name" --filter=state=ENABLED --limit=1 --format='value(name.basename())'
    if [ -z "$SEEN" ]; then
      run='runs without'
      case $services in *,*) run='run without' ;; esac
      note "$name has no value: $(in_words "$services") $run $variable. If that is needed: $(shown gcloud secrets versions add "$name" --data-file=-), then deploy/deploy.sh ${services//,/ }"
    fi
  done < <(declared secrets)
}

look_at_all() {
  local one
  # Whether an API is off is said by the first; what it would hold is missing then, and no reason to wait.
  for one in enable_apis make_accounts make_buckets make_database make_secrets make_dead_letters make_repository make_queues make_rights \
    make_schedules make_monitoring look_at_services look_at_secrets look_at_app_bucket look_at_cors look_at_mail; do
    part "$one"
  done
}

read_flags "$@"
[ ${#ARGS[@]} -eq 0 ] || usage_and_exit
read_settings
read_project
read_declared
DRY_RUN=1
TAKE_EXTRA=1
found=$scratch_folder/found
look_at_all | tee "$found"
phase "Done"
mend=$(grep -c '^+ ' "$found" || true)
unseen=$(grep -c '^? ' "$found" || true)
[ "$unseen" = 0 ] || say "$(counted "$unseen") could not be looked at: see the lines with ?"
if [ "$mend" != 0 ]; then
  say "$(counted "$mend") to mend: run the commands above, or deploy/setup.sh and deploy/deploy.sh, which run them (only roles that nobody declared are left to you)."
fi
[ "$mend" = 0 ] && [ "$unseen" = 0 ] || exit 1
say "The project is as infra/ declares it."
