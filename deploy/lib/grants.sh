#!/usr/bin/env bash
# Grants what infra/project.yaml declares and the project does not have, and finds what nobody declared. Sourced after common.sh.
# shellcheck disable=SC2034,SC2154 # Variables come from common.sh and go to whoever sources this.

# 1: what our accounts hold beyond the declaration is taken away as well. Only doctor.sh says so, and it takes nothing away itself.
TAKE_EXTRA=0

# The member of a grant as IAM writes it, in MEMBER.
grant_member() {
  case $1 in
    allUsers) MEMBER=allUsers ;;
    storage-agent) MEMBER="serviceAccount:service-$PROJECT_NUMBER@gs-project-accounts.iam.gserviceaccount.com" ;;
    pubsub-agent) MEMBER="serviceAccount:service-$PROJECT_NUMBER@gcp-sa-pubsub.iam.gserviceaccount.com" ;;
    *) MEMBER="serviceAccount:$1@$PROJECT_ID.iam.gserviceaccount.com" ;;
  esac
}

# gcloud's words for a resource, as far as `add-iam-policy-binding` and `get-iam-policy`: fills RESOURCE, NAME and FLAGS.
grant_resource() {
  local kind=${1%%:*}
  NAME=${1#*:} FLAGS=()
  case $kind in
    project) RESOURCE=(projects) NAME=$PROJECT_ID ;;
    bucket) RESOURCE=(storage buckets) NAME=gs://$NAME ;;
    secret) RESOURCE=(secrets) ;;
    account) RESOURCE=(iam service-accounts) NAME=$(account_email "$NAME") ;;
    queue) RESOURCE=(tasks queues) FLAGS=("--location=$REGION") ;;
    topic) RESOURCE=(pubsub topics) ;;
    subscription) RESOURCE=(pubsub subscriptions) ;;
    service) RESOURCE=(run services) FLAGS=("--region=$REGION") ;;
    repository) RESOURCE=(artifacts repositories) NAME=$(declared repository name) FLAGS=("--location=$REGION") ;;
    *) fail "infra/project.yaml grants something on $1, which nobody knows." ;;
  esac
}

# Every declared grant on the kinds that are given, one a line: "resource|role|member". `subscriptions` stands for every
# Eventarc subscription in SUBSCRIPTIONS; of the services only those in SERVICES count.
wanted_grants() {
  local kinds=" $* " member role on one
  while IFS=$'\t' read -r member role on; do
    [[ $kinds == *" ${on%%:*} "* ]] || continue
    grant_member "$member"
    case $on in
      subscriptions) for one in ${SUBSCRIPTIONS:-}; do printf 'subscription:%s|%s|%s\n' "$one" "$role" "$MEMBER"; done ;;
      service:*) [[ " ${SERVICES:-} " != *" ${on#*:} "* ]] || printf '%s|%s|%s\n' "$on" "$role" "$MEMBER" ;;
      *) printf '%s|%s|%s\n' "$on" "$role" "$MEMBER" ;;
    esac
  done < <(declared grants) | sort -t'|' -k1,1 -s
}

# Who holds what on RESOURCE now: lines of "role|member|title of its condition" in SEEN.
look_at_policy() {
  look gcloud "${RESOURCE[@]}" get-iam-policy "$NAME" ${FLAGS[@]+"${FLAGS[@]}"} --flatten='bindings[].members' \
    --format='value[separator="|"](bindings.role,bindings.members,bindings.condition.title)'
}

# bind add|remove ROLE MEMBER, on RESOURCE.
bind() {
  local condition=()
  # A policy with conditions needs to be told that this binding has none.
  case ${RESOURCE[0]} in projects | iam | secrets) condition=(--condition=None) ;; esac
  change gcloud "${RESOURCE[@]}" "$1-iam-policy-binding" "$NAME" ${FLAGS[@]+"${FLAGS[@]}"} --member="$3" --role="$2" \
    ${condition[@]+"${condition[@]}"}
}

# Grants every declared role on the resources whose kinds are given, each policy read once: grant_all project bucket …
grant_all() {
  local target role member previous='' held='' wanted
  wanted=$(wanted_grants "$@")
  while IFS='|' read -r target role member; do
    [ -n "$target" ] || continue
    if [ "$target" != "$previous" ]; then
      grant_resource "$target"
      look_at_policy
      held=$SEEN previous=$target
      if [ "$TAKE_EXTRA" = 1 ]; then take_extra "$target" "$held" "$wanted"; fi
    fi
    contains_line "$held" "$role|$member|" && continue
    # Pub/Sub's own account is made when it is asked for.
    if [[ $member == *@gcp-sa-pubsub.* ]]; then change gcloud beta services identity create --service=pubsub.googleapis.com; fi
    bind add "$role" "$member"
  done <<<"$wanted"
}

# Whether a member is one of our accounts, a removed one of that name, or the public where that is for us to say.
is_ours() {
  local name=${1#deleted:}
  name=${name#serviceAccount:}
  case $1 in
    allUsers | allAuthenticatedUsers) [ "$2" != project ] && [ "$2" != "bucket:$APP_BUCKET" ] ;;
    *serviceAccount:*) [ "${name#*@}" != "${name#*@"$PROJECT_ID".iam.}" ] && [[ $'\n'"$(declared accounts)" == *$'\n'"${name%%@*}"$'\t'* ]] ;;
    *) return 1 ;;
  esac
}

# take_extra RESOURCE HELD WANTED: what ours hold there and nobody declared.
take_extra() {
  local role member title
  while IFS='|' read -r role member title; do
    is_ours "$member" "$1" || continue
    if contains_line "$3" "$1|$role|$member" && [ -z "$title" ]; then continue; fi
    # Needed to make single objects public, see docs/rights.md.
    if [ "${RESULT_URL:-}" = public ] && [ "$role" = roles/storage.objectAdmin ] && [ "$1" = "bucket:$APP_BUCKET" ]; then continue; fi
    if [ -n "$title" ]; then
      note "$member has $role on $NAME under the condition $title; infra/ does not know of it."
    else
      bind remove "$role" "$member"
    fi
  done <<<"$2"
}

# Takes every role from our accounts on the kinds that are given: what stays when they are removed.
revoke_all() {
  local target role member title previous=''
  while IFS='|' read -r target _; do
    if [ -z "$target" ] || [ "$target" = "$previous" ]; then continue; fi
    previous=$target
    grant_resource "$target"
    look_at_policy
    while IFS='|' read -r role member title; do
      if [ -z "$title" ] && is_ours "$member" "$target"; then bind remove "$role" "$member"; fi
    done <<<"$SEEN"
  done <<<"$(wanted_grants "$@")"
}
