#!/usr/bin/env bash
# Deploys dist/ from a job of GitHub Actions, and says in the job's log, summary and annotations how it went. It exits as
# rota reload does.
set -euo pipefail
exec 2>&1 # one stream, so that the order of the lines is that in which they were printed

# Of an attempt of this run there is one reload; "Re-run jobs" is another attempt, and another reload.
key=github-$GITHUB_RUN_ID-$GITHUB_RUN_ATTEMPT

# What the server and its workers print is shown, and not obeyed as a command to the runner.
token=$(</proc/sys/kernel/random/uuid)
echo "::group::Deploy ${GITHUB_SHA:0:12} to $DEPLOY_HOST"
echo "::stop-commands::$token"
code=0
"$(dirname "$0")/ship.sh" dist "$GITHUB_SHA-$GITHUB_RUN_ID-$GITHUB_RUN_ATTEMPT" "$GITHUB_SHA" "$key" \
    --soak "$SOAK" --check "$CHECK" 2>&1 >reload.json | tee reload.log || code=$?
echo "::$token::"
echo "::endgroup::"

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

{
    echo "### $said"
    jq -r '"| | |", "|-|-|",
        "| reload | \(.id) is \(.state) |",
        "| generation | \(.generation) |",
        "| slots | \(.replaced) of \(.total) |",
        (.receipt // empty |
            "| probes | \(.probes.ok) of \(.probes.sent) answered, the slowest after \(.probes.slowest_ms) ms |",
            "| connections | \(.connections.drained) drained, \(.connections.cut) cut, \(.connections.dropped) dropped |",
            "| checks | \(.checks.passed) passed, \(.checks.failed) failed |",
            "| lossless | \(.lossless) |")' reload.json
    echo
    sed 's/^/    /' reload.log # indented it is shown as it is
} >>"$GITHUB_STEP_SUMMARY"

# In an annotation % and line ends have to be written otherwise.
if ((code)); then
    why=$(jq -r '((.error | select(.) | .message, .output[]) // (.receipt | .losses + (.unproven // []) | join("; "))) | gsub("[\\p{Cc}\\p{Cf}]"; "?")' reload.json)
    why=${why:-$(tail -n 1 reload.log)}
    why=${why//%/%25} why=${why//$'\r'/%0D} why=${why//$'\n'/%0A}
    echo "::error title=$said::$why"
fi
exit "$code"
