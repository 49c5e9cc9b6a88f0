#!/usr/bin/env bash
# What is the app's and not ours: its bucket, its extensions. Looked at by doctor.sh, never changed. Sourced after common.sh.
# shellcheck disable=SC2034,SC2154 # Variables come from common.sh and go to whoever sources this.

# Asks one of Google's APIs that gcloud has no command for; prints the answer, fails without one.
ask_google() {
  curl --silent --show-error --fail --max-time 30 \
    --config <(printf 'header = "Authorization: Bearer %s"\nheader = "X-Goog-User-Project: %s"\n' "$(gcloud auth print-access-token)" "$PROJECT_ID") \
    "$1" 2>/dev/null
}

# What our services can and cannot do with the app's bucket is worth knowing.
look_at_app_bucket() {
  phase "The app's bucket"
  local uniform prevention url=${RESULT_URL:-token}
  look gcloud storage buckets describe "gs://$APP_BUCKET" --format='value[separator="|"](uniform_bucket_level_access,public_access_prevention)'
  IFS='|' read -r uniform prevention <<<"$SEEN"
  if [ "${uniform,,}" = true ]; then
    note "gs://$APP_BUCKET has uniform access: an app that uploads with public ACLs is refused there. Results are linked by download tokens (RESULT_URL=token), which works."
    if [ "$url" = public ]; then note "RESULT_URL=public makes single objects public, which uniform access refuses: RESULT_URL=token in $CONFIG_FILE, then deploy/deploy.sh"; fi
  elif [ "$url" = public ]; then
    look gcloud storage buckets get-iam-policy "gs://$APP_BUCKET" --flatten='bindings[].members' --format='value[separator="|"](bindings.role,bindings.members)'
    if ! contains_line "$SEEN" "roles/storage.objectAdmin|serviceAccount:$(account_email charaforge-image-worker)"; then
      printf '+ %s\n' "$(shown gcloud storage buckets add-iam-policy-binding "gs://$APP_BUCKET" --role=roles/storage.objectAdmin \
        --member="serviceAccount:$(account_email charaforge-image-worker)")   # RESULT_URL=public sets the ACLs of objects"
    fi
  fi
  if [ "$prevention" = enforced ] && [ "$url" = public ]; then
    note "gs://$APP_BUCKET prevents public access: links of RESULT_URL=public would not open. RESULT_URL=token in $CONFIG_FILE, then deploy/deploy.sh"
  fi
  if ! ask_google "https://firebasestorage.googleapis.com/v1beta/projects/$PROJECT_ID/buckets/$APP_BUCKET" >/dev/null; then
    note "gs://$APP_BUCKET is not linked to Firebase Storage, as far as can be seen; links by download token need that: Firebase console, Storage, Add bucket (else RESULT_URL=public)."
  fi
}

# The extension that sends what is written to MAIL_COLLECTION.
look_at_mail() {
  phase "Mails"
  local collection=${MAIL_COLLECTION:-mail} instances
  if ! instances=$(ask_google "https://firebaseextensions.googleapis.com/v1beta/projects/$PROJECT_ID/instances?pageSize=100"); then
    note "Firebase's extensions cannot be seen. Mails are written to $collection/: \"Trigger Email\" has to send from that collection."
  elif [[ $instances != *firestore-send-email* ]]; then
    note "Mails are written to $collection/, and nothing sends them: firebase ext:install firebase/firestore-send-email --project=$PROJECT_ID"
  elif [[ ! $instances =~ \"MAIL_COLLECTION\":\ *\"$collection\" ]]; then
    note "Firebase's extension \"Trigger Email\" sends from another collection than $collection/: firebase ext:configure firestore-send-email --project=$PROJECT_ID, or MAIL_COLLECTION in $CONFIG_FILE"
  fi
}

# Browsers upload to the work bucket by signed URLs. The bucket is ours, its CORS is the app's to say.
look_at_cors() {
  [ -n "${CORS_ORIGINS:-}" ] || return 0
  phase "Uploads from browsers"
  look gcloud storage buckets describe "gs://$WORK_BUCKET" --format='json(cors_config)'
  local origin missing='' cors=${SEEN//[[:space:]]/} anybody='"origin":\[[^]]*"\*"'
  for origin in ${CORS_ORIGINS//,/ }; do
    [[ $cors == *"\"$origin\""* || $cors =~ $anybody ]] || missing+="${missing:+,}$origin"
  done
  [ -z "$missing" ] || note "Browsers of $(in_words "$missing") cannot upload to gs://$WORK_BUCKET: $(shown gcloud storage buckets update "gs://$WORK_BUCKET" --cors-file=cors.json), with the cors.json of docs/deploy.md"
}
