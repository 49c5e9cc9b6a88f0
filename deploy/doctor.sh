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

usage() {
  cat <<'TEXT'
usage: deploy/doctor.sh [--config FILE]

Compares the project with infra/ and prints, for each difference, the command that mends it. Changes nothing. Ends with 1 where
something has to be mended, with 0 where all is well; notes are for you to judge.
TEXT
}

note() { printf 'note: %s\n' "$*"; }

look_at_services() {
  phase "Services"
  local service ready
  DEPLOYED_SERVICES=''
  while IFS= read -r service; do
    ready=$(gcloud run services describe "$service" --region="$REGION" \
      --format='value(status.conditions[0].status)' 2>/dev/null || true)
    case $ready in
      '') printf '+ deploy/deploy.sh %s\n' "$service" ;;
      False) printf '+ gcloud run services logs read %s --region=%s   # it is not ready\n' "$service" "$REGION" ;;
      *) DEPLOYED_SERVICES+=" $service" ;;
    esac
  done < <(declared services)
}

look_at_secrets() {
  phase "Secrets' values"
  local name variable services version
  while IFS=$'\t' read -r name variable _ services; do
    version=$(gcloud secrets versions list "$name" --filter=state=ENABLED --limit=1 --format='value(name.basename())' 2>/dev/null || true)
    if [ -z "$version" ]; then
      note "$name has no value: $services run without $variable. If they need it: gcloud secrets versions add $name --data-file=-"
    fi
  done < <(declared secrets)
}

# The app's bucket is not ours to change; what our services can and cannot do with it is worth knowing.
look_at_app_bucket() {
  phase "The app's bucket"
  local uniform
  uniform=$(gcloud storage buckets describe "gs://$APP_BUCKET" --format='value(uniform_bucket_level_access)' 2>/dev/null || true)
  if [ "${uniform,,}" = true ]; then
    note "gs://$APP_BUCKET has uniform access: an app that uploads with public ACLs is refused there. Results are linked by download tokens (RESULT_URL=token), which works."
  fi
  case $APP_BUCKET in
    *.firebasestorage.app | *.appspot.com) ;;
    *) note "gs://$APP_BUCKET does not look like a bucket of Firebase Storage; links by download token need one (else RESULT_URL=public)." ;;
  esac
  note "Mails are written to ${MAIL_COLLECTION:-mail}/: Firebase's extension \"Trigger Email\" has to send from that collection."
}

read_flags "$@"
[ ${#ARGS[@]} -eq 0 ] || usage_and_exit
read_settings
read_project
read_declared
DRY_RUN=1
mended=$declared_folder/mended
{
  make_project
  look_at_services
  SERVICES=$DEPLOYED_SERVICES
  phase "Rights on the services"
  grant_all service
  make_triggers
  look_at_secrets
  look_at_app_bucket
} | tee "$mended"
phase "Done"
if grep -q '^+ ' "$mended"; then
  say "$(grep -c '^+ ' "$mended") things to mend: run the commands above, or deploy/setup.sh and deploy/deploy.sh, which run them."
  exit 1
fi
say "The project is as infra/ declares it."
