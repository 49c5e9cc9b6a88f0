#!/usr/bin/env bash
# A picture through the real pipeline: upload → event → image-worker → result. Sourced after common.sh.

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
  document_call DELETE "characters/$1" >/dev/null || say "    characters/$1 is left"
  gcloud storage rm --recursive --quiet "gs://$APP_BUCKET/raw-uploads/$canary_user/$1" \
    "gs://$APP_BUCKET/showcase-images/$canary_user/$1" >/dev/null 2>&1 || say "    objects of $canary_user/$1 are left in $APP_BUCKET"
}

# Sends one picture through, and removes all of it. Fails when it does not come out.
send_canary() {
  phase "Canary"
  local id="canary-$COMMIT-$$" name status round look
  name="raw-uploads/$canary_user/$id/$id.png"
  if [ "$DRY_RUN" = 1 ]; then
    printf '+ a picture to gs://%s/%s, and its way to showcase-images/\n' "$APP_BUCKET" "$name"
    return 0
  fi
  document_call PATCH "characters/$id" --header 'content-type: application/json' --data @- >/dev/null <<JSON
{"fields": {"core": {"mapValue": {"fields": {"name": {"stringValue": "canary"}}}},
 "meta": {"mapValue": {"fields": {"userId": {"stringValue": "$canary_user"}, "status": {"stringValue": "private"}}}},
 "visuals": {"mapValue": {"fields": {"showcaseProcessingStatus": {"stringValue": "idle"},
   "isShowcaseProcessed": {"booleanValue": false}, "showcaseImageUrl": {"nullValue": null}}}}}}
JSON
  status=''
  for ((round = 1; round <= CANARY_ROUNDS; round++)); do
    gcloud storage cp --quiet --content-type=image/png "${deploy_folder:?}/canary.png" "gs://$APP_BUCKET/$name" >/dev/null
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
