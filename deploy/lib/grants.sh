#!/usr/bin/env bash
# Grants what infra/project.yaml declares and the project does not have. Sourced after common.sh.

# The member of a grant as IAM writes it.
grant_member() {
  case $1 in
    allUsers) echo allUsers ;;
    storage-agent) echo "serviceAccount:service-$PROJECT_NUMBER@gs-project-accounts.iam.gserviceaccount.com" ;;
    pubsub-agent) echo "serviceAccount:service-$PROJECT_NUMBER@gcp-sa-pubsub.iam.gserviceaccount.com" ;;
    *) echo "serviceAccount:$(account_email "$1")" ;;
  esac
}

# gcloud's words for a resource, as far as `add-iam-policy-binding` and `get-iam-policy`: fills RESOURCE.
grant_resource() {
  local kind=${1%%:*} name=${1#*:}
  case $kind in
    project) RESOURCE=(projects "$PROJECT_ID") FLAGS=() ;;
    bucket) RESOURCE=(storage buckets "gs://$name") FLAGS=() ;;
    secret) RESOURCE=(secrets "$name") FLAGS=() ;;
    account) RESOURCE=(iam service-accounts "$(account_email "$name")") FLAGS=() ;;
    queue) RESOURCE=(tasks queues "$name") FLAGS=("--location=$REGION") ;;
    topic) RESOURCE=(pubsub topics "$name") FLAGS=() ;;
    subscription) RESOURCE=(pubsub subscriptions "$name") FLAGS=() ;;
    service) RESOURCE=(run services "$name") FLAGS=("--region=$REGION") ;;
    repository) RESOURCE=(artifacts repositories "$(declared repository name)") FLAGS=("--location=$REGION") ;;
    *) fail "infra/project.yaml grants something on $1, which nobody knows." ;;
  esac
}

# Who holds what on RESOURCE now: lines of "role<TAB>member" (only unconditional bindings count). Nothing where it cannot be read yet.
grants_held() {
  local last=$((${#RESOURCE[@]} - 1))
  gcloud "${RESOURCE[@]:0:last}" get-iam-policy "${RESOURCE[last]}" ${FLAGS[@]+"${FLAGS[@]}"} \
    --flatten='bindings[].members' \
    --format='value[separator="	"](bindings.role,bindings.members,bindings.condition.title)' 2>/dev/null | sed 's/\t$//' || true
}

# Grants every declared role on the resources whose kinds are given, each policy read once.
# usage: grant_all project bucket … ; `subscriptions` stands for every Eventarc subscription in SUBSCRIPTIONS.
grant_all() {
  local kinds=" $* " member role on previous='' held='' granted last target condition
  local rows
  rows=$(declared grants | sort -t$'\t' -k3,3 -s)
  while IFS=$'\t' read -r member role on; do
    [[ $kinds == *" ${on%%:*} "* ]] || continue
    [ "$on" != "service:${on#service:}" ] || [[ " ${SERVICES:-} " == *" ${on#service:} "* ]] || continue
    for target in $(grant_targets "$on"); do
      grant_resource "$target"
      if [ "$target" != "$previous" ]; then
        held=$(grants_held)
        previous=$target
      fi
      granted="$role	$(grant_member "$member")"
      if contains_line "$held" "$granted"; then continue; fi
      last=$((${#RESOURCE[@]} - 1))
      # A policy with conditions needs to be told that this binding has none.
      condition=()
      case $target in project | account:* | secret:*) condition=(--condition=None) ;; esac
      change gcloud "${RESOURCE[@]:0:last}" add-iam-policy-binding "${RESOURCE[last]}" ${FLAGS[@]+"${FLAGS[@]}"} \
        --member="$(grant_member "$member")" --role="$role" ${condition[@]+"${condition[@]}"}
    done
  done <<<"$rows"
}

grant_targets() {
  if [ "$1" = subscriptions ]; then
    local one
    for one in ${SUBSCRIPTIONS:-}; do echo "subscription:$one"; done
  else
    echo "$1"
  fi
}
