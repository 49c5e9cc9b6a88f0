#!/usr/bin/env bash
# The database's indexes and TTL policies, as far as ours are missing. Sourced after common.sh.
# shellcheck disable=SC2034,SC2154 # Variables come from common.sh and go to whoever sources this.

make_database() {
  phase "Database"
  if [ -z "$DATABASE_EXISTS" ]; then
    change gcloud firestore databases create --database="$DATABASE" --location="$DATABASE_LOCATION" --type=firestore-native
  elif [ "$DATABASE_TYPE" != FIRESTORE_NATIVE ]; then
    note "The database $DATABASE is of the type $DATABASE_TYPE, and its writes send no events that we know; it has to be FIRESTORE_NATIVE."
  fi
  make_indexes
  make_exemptions
  make_ttls
}

make_indexes() {
  local existing collection fields field wanted flags
  look gcloud firestore indexes composite list --database="$DATABASE" \
    --format='value[separator="|"](name.segment(-3),fields.map().format("{0}:{1}{2}",fieldPath,order,arrayConfig).list(),state)'
  # gcloud writes None for what a field does not have.
  existing=${SEEN//None/}
  while IFS=$'\t' read -r collection fields; do
    wanted=$(index_line "$collection" "$fields")
    # Firestore adds the document's name as the last field by itself.
    if [[ $'\n'$existing =~ $'\n'$wanted(,__name__:[A-Z]+)?\|([A-Z_]*) ]]; then
      case ${BASH_REMATCH[2]} in
        NEEDS_REPAIR) note "The index ${wanted/\\|/ } needs repair: https://console.cloud.google.com/firestore/databases/-default-/indexes?project=$PROJECT_ID" ;;
        CREATING) note "The index ${wanted/\\|/ } is still being built; queries that need it fail until then." ;;
      esac
      continue
    fi
    flags=()
    for field in $fields; do flags+=("--field-config=$field"); done
    change gcloud firestore indexes composite create --database="$DATABASE" --collection-group="$collection" \
      --query-scope=collection --async "${flags[@]}"
  done < <(declared indexes)
}

# How `composite list` shows an index: collection|path:ORDER,path:ORDER
index_line() {
  local line='' field path how
  for field in $2; do
    path=${field#field-path=}
    case ${path#*,} in
      order=descending) how=DESCENDING ;;
      array-config=contains) how=CONTAINS ;;
      *) how=ASCENDING ;;
    esac
    line+="${line:+,}${path%%,*}:$how"
  done
  printf '%s\\|%s' "$1" "$line"
}

# Fields that no query asks for, and that would only make writes dearer, are taken out of the indexes that Firestore keeps by itself.
make_exemptions() {
  local existing collection field
  look gcloud firestore indexes fields list --database="$DATABASE" \
    --format='value[separator="|"](name.segment(-3),name.basename(),indexConfig.indexes.map().format("{0}",queryScope).list())'
  existing=$SEEN
  while IFS=$'\t' read -r collection field; do
    if contains_line "$existing" "$collection|$field|"; then continue; fi
    change gcloud firestore indexes fields update "$field" --database="$DATABASE" --collection-group="$collection" \
      --disable-indexes --async
  done < <(declared unindexed)
}

make_ttls() {
  local existing collection field
  look gcloud firestore fields ttls list --database="$DATABASE" --format='value[separator="|"](name.segment(-3),name.basename(),ttlConfig.state)'
  existing=$SEEN
  while IFS=$'\t' read -r collection field; do
    if [[ $'\n'$existing =~ $'\n'"$collection|$field|"([A-Z_]*) ]]; then
      [ "${BASH_REMATCH[1]}" != NEEDS_REPAIR ] || note "The TTL policy of $collection.$field needs repair: switch it off and on again."
      continue
    fi
    change gcloud firestore fields ttls update "$field" --database="$DATABASE" --collection-group="$collection" \
      --enable-ttl --async
  done < <(declared ttls)
}
