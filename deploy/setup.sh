#!/usr/bin/env bash
# Makes everything in the project that infra/ declares and that does not depend on a deployed service. Once a project; running it
# again changes nothing that is right.
# shellcheck source=lib/common.sh
source "$(dirname "${BASH_SOURCE[0]}")/lib/common.sh"
# shellcheck source=lib/grants.sh
source "$deploy_folder/lib/grants.sh"
# shellcheck source=lib/make.sh
source "$deploy_folder/lib/make.sh"

usage() {
  cat <<'TEXT'
usage: deploy/setup.sh [--dry-run] [--config FILE]

Makes APIs, service accounts, buckets, indexes, secrets, topics, queues, schedules, the image repository and the roles that
infra/project.yaml declares. What exists is left as it is; the app's bucket and its rules are never changed.

  --dry-run      prints the commands that would change something, and runs none of them
  --config FILE  the settings (default: deploy/config.env; see deploy/config.env.example)
TEXT
}

tell_what_follows() {
  local name variable services empty=''
  while IFS=$'\t' read -r name variable _ services; do
    look gcloud secrets versions list "$name" --filter=state=ENABLED --limit=1 --format='value(name.basename())'
    [ -n "$SEEN" ] || empty+="  gcloud secrets versions add $name --project=$PROJECT_ID --data-file=-   # $variable of $(in_words "$services")"$'\n'
  done < <(declared secrets)
  phase "Done"
  if [ -n "$empty" ]; then
    say "These secrets have no value. Give it to those that you need (it is read from the terminal, not from the history; end with Ctrl-D):"
    say "${empty%$'\n'}"
  fi
  say "Next: deploy/deploy.sh"
}

read_flags "$@"
[ ${#ARGS[@]} -eq 0 ] || usage_and_exit
read_settings
read_project
read_declared
make_project
tell_what_follows
