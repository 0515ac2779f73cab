#!/bin/sh
# Runs a command that deploys and reports it to the console, with nothing but a shell, curl and sed:
#   TCA_URL=https://console.example.com TCA_TOKEN=tca_… deploy.sh PROJECT ENVIRONMENT VERSION COMMAND…
# It waits for an approval and for another deployment. The log stays where it is; `tca deploy` sends it.
set -eu
project=$1 environment=$2 version=$3
shift 3

case $environment$version in *[\"\\]*) echo "Quotes and backslashes are not allowed." >&2 && exit 2 ;; esac

# Writes the response, also one that refuses, and fails only without any.
call() {
  method=$1 path=$2 body=$3
  curl -sS --retry 5 -X "$method" -H "Authorization: Bearer $TCA_TOKEN" -H "Content-Type: application/json" -d "$body" "$TCA_URL/api/v1/$path"
}

# POST is repeated by curl only for a response like 503: its external_id makes one deployment of it.
answer=$(call POST "projects/$project/deployments" "{\"environment\": \"$environment\", \"version\": \"$version\", \"external_id\": \"sh-$(od -An -N8 -tx8 /dev/urandom | tr -d ' ')\"}")
deployment=$(printf '%s' "$answer" | sed -nE 's/^\{"id":([0-9]+).*/\1/p')
[ -n "$deployment" ] || { echo "$answer" >&2 && exit 1; }

while true; do
  answer=$(call PATCH "deployments/$deployment" '{"status": "in_progress"}')
  case "$answer" in
    *'"code":"awaiting_approval"'*) curl -sS -o /dev/null -H "Authorization: Bearer $TCA_TOKEN" "$TCA_URL/api/v1/deployments/$deployment?wait=60&seen=pending_approval" || sleep 10 ;;
    *'"code":"environment_busy"'*) sleep 10 ;;
    *'"code":"already_in_progress"'* | *'"status":"in_progress"'*) break ;;
    *) echo "$answer" >&2 && exit 1 ;;
  esac
done

code=0
"$@" || code=$?
if [ "$code" = 0 ]; then step='{"status": "succeeded"}'; else step="{\"status\": \"failed\", \"reason\": \"Exit code $code\"}"; fi
call PATCH "deployments/$deployment" "$step" >/dev/null || echo "The result was not recorded." >&2
exit "$code"
