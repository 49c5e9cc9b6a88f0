#!/usr/bin/env bash
# Builds services by commit, deploys them by digest, and moves traffic when they have shown that they work.
# shellcheck source=lib/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
# shellcheck source=lib/grants.sh
source "$deploy_folder/lib/grants.sh"
# shellcheck source=lib/triggers.sh
source "$deploy_folder/lib/triggers.sh"
# shellcheck source=lib/canary.sh
source "$deploy_folder/lib/canary.sh"

usage() {
  cat <<'TEXT'
usage: deploy/deploy.sh [service…] [--dry-run] [--no-canary] [--config FILE]

Builds the image of each service (all of them where none is named) from the current commit, deploys it without traffic, waits until it is
healthy, moves the traffic, sets up its trigger, and sends a canary through the real pipeline. A service that fails goes back to
the revision that it had. Run deploy/setup.sh once before.

  --dry-run      prints the commands that would change something, and runs none of them
  --no-canary    leaves out the canary
  --config FILE  the settings (default: deploy/config.env)
TEXT
}

CANARY=1
accept_flag() {
  [ "$1" = --no-canary ] || return 1
  CANARY=0
}

# The commit that is deployed.
read_commit() {
  COMMIT=$(git -C "$root_folder" rev-parse --short=12 HEAD) || fail "$root_folder is no clone of a git repository; images are built and named by commit."
  export COMMIT
  [ -z "$(git -C "$root_folder" status --porcelain)" ] || note "there are changes that are not committed; they are not in what is deployed, which is commit $COMMIT"
}

image_name() { printf '%s-docker.pkg.dev/%s/%s/%s' "$REGION" "$PROJECT_ID" "$(declared repository name)" "$1"; }

# What is built: the commit, and nothing else that lies in the folder. An image would go on under the commit's name for ever, and
# somebody's key file is nobody else's business.
make_sources() {
  SOURCES=$scratch_folder/$COMMIT.tgz
  [ -e "$SOURCES" ] || git -C "$root_folder" archive --format=tar.gz --output="$SOURCES" "$COMMIT"
}

# Builds an image unless the commit's is there, and adds it with its digest to IMAGES.
build_image() {
  local name
  name=$(image_name "$1")
  look gcloud artifacts docker images describe "$name:$COMMIT" --format='value(image_summary.digest)'
  if [ -z "$SEEN" ]; then
    make_sources
    say "Building $1 takes some minutes: https://console.cloud.google.com/cloud-build/builds;region=$REGION?project=$PROJECT_ID"
    change gcloud builds submit "$SOURCES" --config="$deploy_folder/cloudbuild.yaml" --region="$REGION" \
      --gcs-source-staging-dir="gs://$BUILD_BUCKET/sources" \
      --service-account="projects/$PROJECT_ID/serviceAccounts/$(account_email charaforge-build)" \
      --substitutions="_SERVICE=$1,_IMAGE=$name:$COMMIT"
    if [ "$DRY_RUN" = 1 ]; then
      SEEN='sha256:the-built-image'
    else
      look gcloud artifacts docker images describe "$name:$COMMIT" --format='value(image_summary.digest)'
      [ -n "$SEEN" ] || fail "The build of $1 has left no image $name:$COMMIT."
    fi
  fi
  IMAGES+="$1=$name@$SEEN "
}

# The newest version of each secret that has one: "name=3 other=1". Read once for all services.
read_secret_versions() {
  local name
  SECRET_VERSIONS=''
  while IFS=$'\t' read -r name _; do
    look gcloud secrets versions list "$name" --filter=state=ENABLED --sort-by=~createTime --limit=1 --format='value(name.basename())'
    if [ -n "$SEEN" ]; then SECRET_VERSIONS+="$name=$SEEN "; fi
  done < <(declared secrets)
}

# What is deployed of a service: PRINT (the fingerprint of its specification), CREATED and READY (its newest revisions), and SERVING
# (the revision that has the traffic). All empty for a service that is not there.
look_at_service() {
  local traffic one
  look gcloud run services describe "$1" --region="$REGION" \
    --format='value[separator="|"](metadata.labels.spec,status.latestCreatedRevisionName,status.latestReadyRevisionName,status.traffic.map().format("{0}={1}",revisionName,percent).list(separator=" "))'
  IFS='|' read -r PRINT CREATED READY traffic <<<"$SEEN"
  SERVING=''
  for one in $traffic; do
    case ${one#*=} in 100 | [1-9] | [1-9][0-9]) SERVING=${SERVING:-${one%%=*}} ;; esac
  done
}

# Writes the specifications of all services to deploy; the traffic of each stays with the revision that serves now, if any. Where the
# newest revision has not started, the next one has to differ from it: Cloud Run makes none of a template that it knows.
render_services() {
  local service
  KEEP_TRAFFIC='' NOT_STARTED=''
  for service in $SERVICES; do
    look_at_service "$service"
    if [ -n "$SERVING" ]; then KEEP_TRAFFIC+="$service=$SERVING "; fi
    if [ "$CREATED" != "$READY" ]; then NOT_STARTED+="$service=$CREATED "; fi
  done
  export IMAGES KEEP_TRAFFIC NOT_STARTED SECRET_VERSIONS
  npm --prefix "$root_folder" run --silent infra -- deployment "$scratch_folder"
}

deploy_service() {
  local service=$1 before
  look_at_service "$service"
  before=$SERVING
  find_row "$(<"$scratch_folder/prints")" "$service" || fail "No specification of $service was written."
  if [ "$PRINT" = "${ROW#*|}" ] && [ -n "$READY" ] && [ "$READY" = "$CREATED" ]; then
    say "$service is deployed like this already"
    if [ "$SERVING" = "$READY" ]; then return 0; fi
  # A service that does not exist yet cannot be deployed without traffic: nobody calls it before its trigger is there.
  elif ! change gcloud run services replace "$scratch_folder/$service.yaml" --region="$REGION"; then
    fail "$service did not start. Its traffic stays where it was${before:+ ($before)}. Its log: $(shown gcloud run services logs read "$service" --region="$REGION")"
  fi
  DEPLOYED+=("$service=$before")
}

# Cloud Run takes a revision into service only when its startup probe has answered: it is healthy here.
move_traffic() {
  local service=${1%%=*} before=${1#*=}
  # A new service has it all from the beginning.
  [ -n "$before" ] || return 0
  change gcloud run services update-traffic "$service" --region="$REGION" --to-latest
}

roll_back() {
  local pair service before
  say ""
  if [ ${#DEPLOYED[@]} -eq 0 ]; then
    say "This run has moved no traffic, so that there is nothing to take back. If an earlier run brought this, go back by hand:"
    say "  $(shown gcloud run revisions list --service=image-worker --region="$REGION")"
    say "  $(shown gcloud run services update-traffic image-worker --region="$REGION" --to-revisions=REVISION=100)"
    return
  fi
  say "Going back to the revisions that worked."
  for pair in ${DEPLOYED[@]+"${DEPLOYED[@]}"}; do
    service=${pair%%=*}
    before=${pair#*=}
    if [ -n "$before" ]; then
      change gcloud run services update-traffic "$service" --region="$REGION" --to-revisions="$before=100" || say "    $service could not be moved back"
    else
      say "    $service is new: there is nothing to go back to"
    fi
  done
}

# Also where somebody has lost patience with a canary: it would lie in the app's database and bucket for good.
before_end() {
  [ -n "$CANARY_ID" ] || return 0
  remove_canary "$CANARY_ID"
  say "    the canary was called back; the traffic is where it was moved to, and the same command sends another one"
}

# The canary is sent at every run: the last one may have ended before it.
try_canary() {
  local status=0
  if [ "$CANARY" = 0 ] || [[ " $SERVICES " != *" image-worker "* ]]; then return 0; fi
  send_canary || status=$?
  case $status in
    0) ;;
    1)
      roll_back
      fail "The canary did not come through; see docs/runbook.md."
      ;;
    *) fail "The services are deployed; the canary could not be sent. Mend that and run the same command again, or leave it out: --no-canary" ;;
  esac
}

tell_what_follows() {
  phase "Done"
  local service
  for service in $SERVICES; do say "$service  $(service_url "$service")"; done
  say "The app's address of the API: $(service_url api)"
  say "Something wrong? deploy/doctor.sh, docs/runbook.md"
}

read_flags "$@"
read_settings
read_project
# shellcheck disable=SC2034 # Read by lib/gcloud.sh.
APIS_ARE_ON=1
read_commit
read_declared
SERVICES=${ARGS[*]:-$(declared services | tr '\n' ' ')}
for service in $SERVICES; do
  contains_line "$(declared services)" "$service" || fail "There is no service $service; there are: $(declared services | tr '\n' ' ')"
done
read_secret_versions
phase "Images"
IMAGES=''
for service in $SERVICES; do build_image "$service"; done
phase "Services"
render_services
DEPLOYED=()
for service in $SERVICES; do deploy_service "$service"; done
phase "Traffic"
for pair in ${DEPLOYED[@]+"${DEPLOYED[@]}"}; do move_traffic "$pair"; done
phase "Rights on the services"
grant_all service
make_triggers
try_canary
tell_what_follows
