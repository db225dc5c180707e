#!/bin/sh
# Deploys dist/ from a job of GitLab CI, and leaves the reload's record to later jobs. It exits as rota reload does.
set -eu
exec 2>&1 # one stream, so that the order of the lines is that in which they were printed

section() { printf '\033[0Ksection_%s:%s:deploy\r\033[0K%s\n' "$1" "$(date +%s)" "$2"; }

export SSH_OPTIONS="-i $DEPLOY_KEY -o UserKnownHostsFile=$DEPLOY_KNOWN_HOSTS"
section start "Deploy $CI_COMMIT_SHORT_SHA to $DEPLOY_HOST"
code=0
# Of a job there is one reload; "Retry" makes another job, and another reload.
"$(dirname "$0")/ship.sh" dist "$CI_COMMIT_SHA-$CI_JOB_ID" "$CI_COMMIT_SHA" "gitlab-$CI_JOB_ID" \
    --soak "$SOAK" --check "$CHECK" >reload.json || code=$?
section end ""

jq -r '"RELOAD_ID=\(.id)", "RELOAD_STATE=\(.state)", "RELOAD_GENERATION=\(.generation)",
    "RELOAD_LOSSLESS=\(.receipt.lossless)"' reload.json >reload.env
case $code in
0) said="The new release serves, and nothing was lost." ;;
1) said="The deploy failed or was refused; the old release serves." ;;
3) said="The server's rota can't be reached." ;;
4) said="The new release serves, but the reload was not lossless, or that is unknown." ;;
5) said="The deploy was aborted; the old release serves." ;;
124) said="The deploy's time was up; it was taken back if that could still be done." ;;
255) said="The server can't be reached; what has begun there comes to its end." ;;
*) said="The deploy failed with exit code $code." ;;
esac
if [ "$(jq .error.revert_failed reload.json)" = true ]; then
    said="The deploy failed, and rota could not go back: look at what serves."
fi
echo "$said"
exit "$code"
