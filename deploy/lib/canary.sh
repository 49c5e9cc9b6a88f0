#!/usr/bin/env bash
# A picture through the real pipeline: upload → event → image-worker → result. Sourced after common.sh.
# shellcheck disable=SC2034,SC2154 # Variables come from common.sh and go to whoever sources this.

canary_user=charaforge-canary
# The canary that is on its way.
CANARY_ID=''
# A trigger may take two minutes to become active, so that a canary may have to be sent again.
CANARY_ROUNDS=${CANARY_ROUNDS:-5}
CANARY_LOOKS=${CANARY_LOOKS:-12}
CANARY_PAUSE=${CANARY_PAUSE:-5}

# gcloud has no command that writes a document.
document_call() {
  local method=$1 path=$2
  shift 2
  # The token goes through a file descriptor: an argument would be seen by everybody on the machine.
  curl --silent --show-error --fail --max-time 30 --request "$method" \
    --config <(printf 'header = "Authorization: Bearer %s"\n' "$(gcloud auth print-access-token)") \
    "https://firestore.googleapis.com/v1/projects/$PROJECT_ID/databases/$DATABASE/documents/$path" "$@"
}

# Reads what the canary's document shows now: STATUS, and of a result or a failure the rest.
look_at_canary() {
  local shown
  shown=$(document_call GET "characters/$1?mask.fieldPaths=visuals") || shown=''
  shown=${shown//$'\n'/ }
  STATUS=$(text_field showcaseProcessingStatus "$shown")
  RESULT_AT=$(text_field showcaseImageUrl "$shown")
  WHY="$(text_field code "$shown"): $(text_field message "$shown") (forge jobs show $(text_field showcaseJobId "$shown"))"
}

text_field() { sed -nE "s/.*\"$1\": *\{ *\"stringValue\": *\"([^\"]*)\".*/\1/p" <<<"$2"; }

remove_canary() {
  CANARY_ID=''
  local said folders=("gs://$APP_BUCKET/raw-uploads/$canary_user/$1")
  # What nobody has worked on, or worked on in vain, has left no result.
  case $STATUS in '' | idle | failed) ;; *) folders+=("gs://$APP_BUCKET/showcase-images/$canary_user/$1") ;; esac
  document_call DELETE "characters/$1" >/dev/null || say "    characters/$1 is left: removing it needs $(role_for datastore.entities.delete)"
  said=$(gcloud storage rm --recursive --quiet "${folders[@]}" 2>&1) || [[ $said == *'matched no objects'* ]] ||
    say "    objects of $canary_user/$1 may be left in $APP_BUCKET: removing them needs $(role_for storage.objects.delete)"
}

# Whether there is a picture at the address, and the document leads to one.
has_result() {
  local found
  found=$(gcloud storage objects describe "$1" --format='value[separator="|"](content_type,size)' 2>/dev/null) || return 1
  [[ $found =~ ^image/png\|[1-9] ]] && [ -n "$RESULT_AT" ]
}

# Sends one picture through, and removes all of it. Ends with 1 when it does not come out, with 2 when it could not be sent.
send_canary() {
  phase "Canary"
  local id="canary-$COMMIT-$$" name result said round look
  name="raw-uploads/$canary_user/$id/$id.png"
  result="gs://$APP_BUCKET/showcase-images/$canary_user/$id/showcase_$id.png"
  if [ "$DRY_RUN" = 1 ]; then
    printf '+ a picture to gs://%s/%s, and its way to showcase-images/\n' "$APP_BUCKET" "$name"
    return 0
  fi
  document_call PATCH "characters/$id" --header 'content-type: application/json' --data @- >/dev/null <<JSON || {
{"fields": {"core": {"mapValue": {"fields": {"name": {"stringValue": "canary"}}}},
 "meta": {"mapValue": {"fields": {"userId": {"stringValue": "$canary_user"}, "status": {"stringValue": "private"}}}},
 "visuals": {"mapValue": {"fields": {"showcaseProcessingStatus": {"stringValue": "idle"},
   "isShowcaseProcessed": {"booleanValue": false}, "showcaseImageUrl": {"nullValue": null}}}}}}
JSON
    say "    characters/$id could not be written. Where the answer was 403: $(missing_right datastore.entities.create gcloud firestore)"
    return 2
  }
  CANARY_ID=$id STATUS=''
  for ((round = 1; round <= CANARY_ROUNDS; round++)); do
    # What somebody works on already would only be begun, and paid, anew.
    case $STATUS in
      '' | idle)
        [ "$round" = 1 ] || say "    nothing yet; sent again, for a new trigger takes minutes to become active"
        change gcloud storage cp --quiet --content-type=image/png "${deploy_folder:?}/canary.png" "gs://$APP_BUCKET/$name" || {
          remove_canary "$id"
          return 2
        }
        ;;
      *) say "    not yet: $STATUS" ;;
    esac
    for ((look = 1; look <= CANARY_LOOKS; look++)); do
      look_at_canary "$id"
      case $STATUS in complete | failed) break 2 ;; esac
      sleep "$CANARY_PAUSE"
    done
  done
  case $STATUS in
    complete) if has_result "$result"; then said='is complete'; else said="is called complete, but there is no picture at $result, or no link to it"; fi ;;
    failed) said="has failed. $WHY" ;;
    '' | idle) said="is lost: no event of its upload has reached image-worker" ;;
    *) said="is not done in time: $STATUS" ;;
  esac
  remove_canary "$id"
  say "    the canary $said"
  [ "$said" = 'is complete' ]
}
