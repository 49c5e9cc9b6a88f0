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

# The commit that is deployed; what is not committed could not be told from it later.
read_commit() {
  COMMIT=$(git -C "$root_folder" rev-parse --short=12 HEAD)
  export COMMIT
  [ -z "$(git -C "$root_folder" status --porcelain)" ] || say "note: there are changes that are not committed; the image is built of them and named by the commit before"
}

image_name() { printf '%s-docker.pkg.dev/%s/%s/%s' "$REGION" "$PROJECT_ID" "$(declared repository name)" "$1"; }

# Builds an image unless the commit's is there, and reads its digest into IMAGE.
build_image() {
  local name digest
  name=$(image_name "$1")
  digest=$(gcloud artifacts docker images describe "$name:$COMMIT" --format='value(image_summary.digest)' 2>/dev/null || true)
  if [ -z "$digest" ]; then
    change gcloud builds submit "$root_folder" --config="$deploy_folder/cloudbuild.yaml" --region="$REGION" \
      --gcs-source-staging-dir="gs://$BUILD_BUCKET/sources" \
      --service-account="projects/$PROJECT_ID/serviceAccounts/$(account_email charaforge-build)" \
      --substitutions="_SERVICE=$1,_IMAGE=$name:$COMMIT"
    if [ "$DRY_RUN" = 1 ]; then
      digest='sha256:the-built-image'
    else
      digest=$(gcloud artifacts docker images describe "$name:$COMMIT" --format='value(image_summary.digest)')
    fi
  fi
  export IMAGE="$name@$digest"
}

# The newest version of each secret that has one: "name=3 other=1". Read once for all services.
read_secret_versions() {
  local name version
  SECRET_VERSIONS=''
  while IFS=$'\t' read -r name _; do
    version=$(gcloud secrets versions list "$name" --filter=state=ENABLED --sort-by=~createTime --limit=1 \
      --format='value(name.basename())' 2>/dev/null || true)
    if [ -n "$version" ]; then SECRET_VERSIONS+="$name=$version "; fi
  done < <(declared secrets)
  export SECRET_VERSIONS
}

# Which revision serves now; nothing for a service that is not there.
serving_revision() {
  gcloud run services describe "$1" --region="$REGION" --format='value(status.traffic[0].revisionName)' 2>/dev/null || true
}

# Writes the specification of a service to a file; traffic stays with the revision that is named, if any.
render() {
  local file=$1 service=$2 stay=$3
  SERVICE_URL=$(service_url "$service") REPLICATE_WEBHOOK_URL=$(service_url replicate-webhook) \
    MODEL_SYNC_URL=$(service_url model-sync) \
    KEEP_TRAFFIC_ON=$stay npm --prefix "$root_folder" run --silent infra -- service "$service" >"$file"
}

deploy_service() {
  local service=$1 before file
  phase "$service"
  build_image "$service"
  before=$(serving_revision "$service")
  file=$declared_folder/$service.yaml
  # A service that does not exist yet cannot be deployed without traffic: nobody calls it before its trigger is there.
  render "$file" "$service" "$before"
  if ! change gcloud run services replace "$file" --region="$REGION"; then
    fail "$service did not start. Its traffic stays where it was${before:+ ($before)}. Its log: gcloud run services logs read $service --region=$REGION"
  fi
  DEPLOYED+=("$service=$before")
}

# Cloud Run takes a revision into service only when its startup probe has answered: it is healthy here.
move_traffic() {
  local service=${1%%=*} before=${1#*=}
  [ -n "$before" ] || return 0
  change gcloud run services update-traffic "$service" --region="$REGION" --to-latest
}

roll_back() {
  local pair service before
  say ""
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

tell_what_follows() {
  phase "Done"
  local pair service
  for pair in "${DEPLOYED[@]}"; do
    service=${pair%%=*}
    say "$service  $(service_url "$service")"
  done
  say "The app's address of the API: $(service_url api)"
  say "Something wrong? deploy/doctor.sh, docs/runbook.md"
}

read_flags "$@"
read_settings
read_project
read_commit
read_declared
SERVICES=${ARGS[*]:-$(declared services | tr '\n' ' ')}
for service in $SERVICES; do
  declared services | grep -qx -- "$service" || fail "There is no service $service; there are: $(declared services | tr '\n' ' ')"
done
read_secret_versions
DEPLOYED=()
for service in $SERVICES; do deploy_service "$service"; done
phase "Traffic"
for pair in "${DEPLOYED[@]}"; do move_traffic "$pair"; done
phase "Rights on the services"
grant_all service
make_triggers
if [ "$CANARY" = 1 ] && [[ " $SERVICES " == *" image-worker "* ]]; then
  send_canary || {
    roll_back
    fail "The canary did not come through; see docs/runbook.md."
  }
fi
tell_what_follows
