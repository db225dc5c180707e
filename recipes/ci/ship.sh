#!/bin/sh
# ship.sh DIRECTORY RELEASE REVISION KEY [FLAG…] brings a directory to the server as a release, makes that the current one, and
# has rota reload; the flags are those of rota reload. It prints the reload as JSON, if there was one, and exits as
# rota reload does, or with ssh's 255.
#
# DEPLOY_HOST is user@host, DEPLOY_ROOT the directory with releases and current in it; DEPLOY_TIMEOUT is how long to
# wait at most, SSH_OPTIONS more options of ssh.
# shellcheck disable=SC2317 # persist calls what nobody seems to call
set -eu

directory=$1 release=$2 revision=$3 key=$4
shift 4
# They become words of a command on the server.
for word in "$DEPLOY_ROOT" "$release" "$revision" "$key" "$@"; do
    case $word in
    '' | *[!A-Za-z0-9._/:=%+-]*) echo "ship.sh: '$word' has a character that it should not have" >&2; exit 2 ;;
    esac
done

# on_server runs what its arguments say there, in a shell that has the functions of on-server.sh.
on_server() {
    # shellcheck disable=SC2029,SC2086 # the words are for the server; the options are several words
    ssh -o BatchMode=yes -o ConnectTimeout=20 -o ServerAliveInterval=15 ${SSH_OPTIONS:-} "$DEPLOY_HOST" \
        "$(cat "$(dirname "$0")/on-server.sh")
$*"
}

# persist does something again while it is ssh itself that fails. All that is done here may be done twice.
persist() {
    for pause in 1 3 10 30 no; do
        code=0
        "$@" || code=$?
        if [ "$code" != 255 ] || [ "$pause" = no ]; then
            return "$code"
        fi
        echo "ship.sh: the connection broke; the same again in $pause s" >&2
        sleep "$pause"
    done
}

upload() { tar -C "$directory" -cz . | on_server receive "$DEPLOY_ROOT" "$release"; }

activate() {
    answer=$(on_server activate "$DEPLOY_ROOT" "$release" "$revision" "$key" "${DEPLOY_TIMEOUT:-15m}" "$@")
}

persist upload
result=0
persist activate "$@" || result=$?
[ "$result" = 255 ] || printf '%s\n' "$answer"
exit "$result"
