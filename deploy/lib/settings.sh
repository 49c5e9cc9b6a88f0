#!/usr/bin/env bash
# The settings of a deployment: read, completed, and refused where they would do harm or nothing. Sourced by common.sh.
# shellcheck disable=SC2034,SC2154 # Variables come from common.sh and go to whoever sources this.

# Reads the settings file as data, not as a script: NAME=value, no quotes needed.
read_settings() {
  [ -f "$CONFIG_FILE" ] || fail "There is no $CONFIG_FILE; copy deploy/config.env.example and fill it in."
  local line number=0 name value
  forget_settings
  SETTINGS=''
  while IFS= read -r line || [ -n "$line" ]; do
    number=$((number + 1))
    # Blanks at the end, and what Windows ends a line with.
    line=${line%"${line##*[![:space:]]}"}
    case $line in '' | '#'*) continue ;; esac
    [[ $line =~ ^([A-Z][A-Z0-9_]*)=(.*)$ ]] || fail "$CONFIG_FILE, line $number is not NAME=value."
    name=${BASH_REMATCH[1]}
    value=${BASH_REMATCH[2]}
    case $value in \"*\" | \'*\') fail "$CONFIG_FILE, line $number: write the value of $name without quotes." ;; esac
    export "$name=$value"
    SETTINGS+="${SETTINGS:+ }$name"
  done <"$CONFIG_FILE"
  export SETTINGS
  [ -n "${PROJECT_ID:-}" ] || fail "$CONFIG_FILE has no PROJECT_ID."
  [ -n "${APP_BUCKET:-}" ] || fail "$CONFIG_FILE has no APP_BUCKET: the bucket that the app uploads to, without gs://."
  export REGION=${REGION:-us-central1} DATABASE=${DATABASE:-(default)}
  export BUILD_BUCKET=${BUILD_BUCKET:-$PROJECT_ID-charaforge-build}
  export WORK_BUCKET=${WORK_BUCKET:-$PROJECT_ID-charaforge-work} MODELS_BUCKET=${MODELS_BUCKET:-$PROJECT_ID-models}
  check_buckets
  if [ -n "${BUDGET_AMOUNT:-}${BILLING_ACCOUNT:-}" ]; then
    [[ "${BILLING_ACCOUNT:-}" && "${BUDGET_AMOUNT:-}" =~ ^[0-9]+[A-Z]{3}$ ]] ||
      fail "$CONFIG_FILE: a budget takes BILLING_ACCOUNT and BUDGET_AMOUNT, a whole amount with its currency (100USD)."
  fi
  # A clamd that nobody asks would scan nothing.
  if [ -n "${CLAMD_IMAGE:-}" ]; then export CLAMD_HOST=${CLAMD_HOST:-127.0.0.1:3310}; fi
  export CLOUDSDK_CORE_PROJECT=$PROJECT_ID CLOUDSDK_CORE_DISABLE_PROMPTS=1
}

# The file alone counts: what somebody has in their shell for other purposes would be deployed by them and by nobody else.
forget_settings() {
  local name
  while IFS= read -r name; do unset "$name"; done < <(
    sed -n 's/^\([A-Z][A-Z0-9_]*\)=.*/\1/p' "$deploy_folder/config.env.example"
    grep -ohE '\{[A-Z0-9_]+\}' "$root_folder"/infra/services/*.yaml | tr -d '{}'
  )
}

# Our own buckets get lifecycles that remove what is old, and go with destroy.sh: none may be the app's, nor serve two purposes.
check_buckets() {
  local name value seen=''
  for name in APP_BUCKET WORK_BUCKET MODELS_BUCKET BUILD_BUCKET; do
    value=${!name}
    [[ $value =~ ^[a-z0-9][a-z0-9._-]*$ ]] || fail "$CONFIG_FILE: $name=$value is not the name of a bucket (without gs://, without a path)."
    ! find_row "$seen" "$value" || fail "$CONFIG_FILE: $name and ${ROW#*|} are the same bucket, $value; each needs its own."
    seen+="$value|$name"$'\n'
  done
}
