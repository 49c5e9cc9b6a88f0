#!/usr/bin/env bash
# A picture through the real pipeline: upload → event → image-worker → result. Sourced after common.sh.
# shellcheck disable=SC2034,SC2154 # Variables come from common.sh and go to whoever sources this.

canary_user=charaforge-canary
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

canary_status() {
  document_call GET "characters/$1?mask.fieldPaths=visuals.showcaseProcessingStatus" |
    sed -n 's/.*"stringValue": *"\([a-z-]*\)".*/\1/p' | head -n 1
}

remove_canary() {
  document_call DELETE "characters/$1" >/dev/null || say "    characters/$1 is left: removing it needs $(role_for datastore.entities.delete)"
  gcloud storage rm --recursive --quiet "gs://$APP_BUCKET/raw-uploads/$canary_user/$1" \
    "gs://$APP_BUCKET/showcase-images/$canary_user/$1" >/dev/null 2>&1 || say "    objects of $canary_user/$1 may be left in $APP_BUCKET: removing them needs $(role_for storage.objects.delete)"
}

# Sends one picture through, and removes all of it. Ends with 1 when it does not come out, with 2 when it could not be sent.
send_canary() {
  phase "Canary"
  local id="canary-$COMMIT-$$" name status round look
  name="raw-uploads/$canary_user/$id/$id.png"
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
  status=''
  for ((round = 1; round <= CANARY_ROUNDS; round++)); do
    change gcloud storage cp --quiet --content-type=image/png "${deploy_folder:?}/canary.png" "gs://$APP_BUCKET/$name" || {
      remove_canary "$id"
      return 2
    }
    for ((look = 1; look <= CANARY_LOOKS; look++)); do
      status=$(canary_status "$id" || true)
      case $status in complete | failed) break 2 ;; esac
      sleep "$CANARY_PAUSE"
    done
    say "    nothing yet (${status:-no status}); sent again, for a new trigger takes minutes to become active"
  done
  remove_canary "$id"
  say "    the canary is ${status:-lost}"
  [ "$status" = complete ]
}
