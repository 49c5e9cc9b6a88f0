#!/usr/bin/env bash
# Our own buckets, and what they are set to. Sourced after common.sh.
# shellcheck disable=SC2034,SC2154 # Variables come from common.sh and go to whoever sources this.

make_buckets() {
  phase "Our buckets"
  local existing name location rules have_location uniform prevention kept flags
  look gcloud storage buckets list \
    --format='value[separator="|"](name,location,uniform_bucket_level_access,public_access_prevention,soft_delete_policy.retentionDurationSeconds)'
  existing=$SEEN
  while IFS=$'\t' read -r name location rules; do
    flags=()
    if find_row "$existing" "$name"; then
      IFS='|' read -r _ have_location uniform prevention kept <<<"$ROW"
      [ "${uniform,,}" = true ] || flags+=(--uniform-bucket-level-access)
      [ "$prevention" = enforced ] || flags+=(--public-access-prevention)
      [ "${kept:-0}" = 0 ] || flags+=(--clear-soft-delete)
      if [ "${have_location,,}" != "${location,,}" ]; then
        note "gs://$name lies in ${have_location,,}, and infra/ says $location: a bucket cannot be moved. Traffic between the two is paid; name another bucket in the settings, or leave it."
      fi
    else
      change gcloud storage buckets create "gs://$name" --location="$location" --uniform-bucket-level-access \
        --public-access-prevention --soft-delete-duration=0
    fi
    if ! has_rules "$name"; then flags+=("--lifecycle-file=$declared_folder/lifecycle/$rules.json"); fi
    if [ ${#flags[@]} -gt 0 ]; then change gcloud storage buckets update "gs://$name" "${flags[@]}"; fi
  done < <(declared buckets)
}

# Whether a bucket has the lifecycle that is declared. gcloud prints JSON with sorted keys, and so does tools/infra.ts.
has_rules() {
  look gcloud storage buckets describe "gs://$1" --format='json(lifecycle_config)'
  [ "${SEEN//[[:space:]]/}" = "{\"lifecycle_config\":$(<"$declared_folder/lifecycle/$rules.json")}" ]
}
