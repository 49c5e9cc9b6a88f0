#!/usr/bin/env bash
# gcloud, called so that a script may be run again, waits for what takes time to spread, and says which right is missing. Sourced by
# common.sh.
# shellcheck disable=SC2034,SC2154 # Variables come from common.sh and go to whoever sources this.

# shellcheck source=lib/roles.sh
source "$deploy_folder/lib/roles.sh"

# How often, and after how many seconds, a command is repeated that failed because a right or an agent has not spread yet.
PROPAGATION_TRIES=${PROPAGATION_TRIES:-18}
PROPAGATION_PAUSE=${PROPAGATION_PAUSE:-10}
# 1 as soon as every declared API is enabled: until then a disabled one means that there is nothing of its kind.
APIS_ARE_ON=0

# Failures that pass by themselves while Google spreads accounts, rights, agents and APIs, and collisions of policy writes.
passing='does not exist|not found for service account|[Pp]ropagat|has not been used|is disabled|not ready|[Cc]annot find metric|service agent|Service Agent|Permission denied while using|eventarc\.events\.receiveEvent|unable to publish|permission to publish|concurrent policy change|ABORTED|UNAVAILABLE|try again|temporarily|code=50[0234]|HTTPError 50[0234]|HTTPError 409: .*etag'
# What Cloud Run says of a revision that does not start: that one never will.
broken='is not ready and cannot serve traffic'
api_off='SERVICE_DISABLED|has not been used in project|API .*is disabled|not enabled on project'
refused='PERMISSION_DENIED|does not have permission|does not have [a-z]+\.[a-zA-Z.]+ access|Permission .* denied|HTTPError 403|[Ff]orbidden'
not_there='NOT_FOUND|not found|[Cc]annot find|could not be found|HTTPError 404'
there_already='already ?exists|ALREADY_EXISTS|HTTPError 409.*exist'

# Prints a command as somebody could type it, whatever project their gcloud is set to.
shown() {
  local line
  printf -v line '%q ' "$@"
  line=${line% }
  case $line in 'gcloud '*) line+=" --project=$PROJECT_ID" ;; esac
  printf '%s\n' "$line"
}

# Says what a command printed, set in.
say_within() { say "    ${1//$'\n'/$'\n    '}"; }

# Whether a failure may pass by itself.
may_pass() { [[ $1 =~ $passing && ! $1 =~ $broken ]]; }

# Reads: what gcloud prints comes in SEEN, which stays empty for what is not there. Stops the script where it may not look.
look() {
  local try status said
  for ((try = 1; ; try++)); do
    status=0
    SEEN=$("$@" 2>"$scratch_folder/said") || status=$?
    [ "$status" -ne 0 ] || return 0
    said=$(<"$scratch_folder/said")
    SEEN=''
    if [[ $said =~ $api_off ]]; then
      [ "$APIS_ARE_ON" = 1 ] || return 0
    elif [[ $said =~ $refused ]]; then
      say_within "$said"
      fail "$(shown "$@") was refused. $(missing_right "$said" "$@")"
    elif [[ $said =~ $not_there ]]; then
      return 0
    fi
    if [ "$try" -ge "$PROPAGATION_TRIES" ] || ! may_pass "$said"; then
      say_within "$said"
      fail "$(shown "$@") failed. What was done stays; mend the cause and run the same command again."
    fi
    say "    not yet ($try of $PROPAGATION_TRIES): ${said%%$'\n'*}"
    sleep "$PROPAGATION_PAUSE"
  done
}

# Runs what changes something: printed only with --dry-run, repeated while the cause passes by itself.
change() {
  local line try output status
  line=$(shown "$@")
  if [ "$DRY_RUN" = 1 ]; then
    printf '+ %s\n' "$line"
    # Whoever runs the command later needs the file that it names.
    [[ $line != *"$scratch_folder"* ]] || touch "$scratch_folder/keep"
    return 0
  fi
  say "+ $line"
  for ((try = 1; ; try++)); do
    status=0
    output=$("$@" 2>&1) || status=$?
    if [ "$status" -eq 0 ]; then
      [ -z "$output" ] || say_within "$output"
      return 0
    fi
    # Two runs at once, or a run that died after the request: what is there need not be made.
    if [[ " $* " == *" create "* && $output =~ $there_already && $output != *'another project'* ]]; then
      say "    is there already"
      return 0
    fi
    # Likewise, what is gone need not be removed.
    if [[ " $* " == *" delete "* && $output =~ $not_there ]]; then
      say "    is gone already"
      return 0
    fi
    if [ "$try" -ge "$PROPAGATION_TRIES" ] || ! may_pass "$output"; then
      say_within "$output"
      if [[ $output =~ $refused ]]; then say "    $(missing_right "$output" "$@")"; fi
      return "$status"
    fi
    say "    not yet ($try of $PROPAGATION_TRIES): ${output%%$'\n'*}"
    sleep "$PROPAGATION_PAUSE"
  done
}

# Whether a listing has a line.
contains_line() { [[ $'\n'"$1"$'\n' == *$'\n'"$2"$'\n'* ]]; }

# Finds the line of a listing whose first field is NAME, in ROW; fields are parted by |.
find_row() {
  while IFS= read -r ROW; do
    [ "${ROW%%|*}" != "$2" ] || return 0
  done <<<"$1"
  ROW=''
  return 1
}
