#!/bin/sh
# deploy.sh DIRECTORY RELEASE [KEY] brings a directory to a server as a release, makes that the current one, and has rota
# reload: from anywhere with ssh, to a server with curl, flock and tar. Whoever tries again the same release with the same
# key (the release's name unless given) asks for the same reload.
#
# DEPLOY_HOST is user@host, DEPLOY_ROOT the directory with releases and current in it. SOAK, CHECK and DEPLOY_TIMEOUT say how
# long a new worker has to live and what it has to pass until it is believed, and how long to wait at most.
#
# Exit codes: 0 done; 1 failed or refused, the old release serves; 3 rota can't be reached; 4 done, but not lossless; 5 aborted;
# 124 the time was up, and it was taken back if that could still be done; 255 ssh can't reach the server.
# shellcheck disable=SC2317 # persist calls what nobody seems to call
set -eu

directory=$1 release=$2 key=${3:-$2}
soak=${SOAK:-30s} check=${CHECK:-http:/healthz} timeout=${DEPLOY_TIMEOUT:-15m}
# They become words of a command on the server.
for word in "$DEPLOY_ROOT" "$release" "$key" "$soak" "$check" "$timeout"; do
    case $word in
    '' | *[!A-Za-z0-9._/:=%+-]*) echo "deploy.sh: '$word' has a character that it should not have" >&2; exit 2 ;;
    esac
done

# on_server is what the server does.
on_server() {
    cat <<'END'
set -eu
api=http://${ROTA_ADMIN:-127.0.0.1:11112}

# ask has the answer in .deploy/answer and its status in $status, or 000 if there was none. A connection that breaks
# does no harm: each request here may be sent twice.
ask() {
    for pause in 1 2 4 8 no; do
        status=$(curl -sS -D .deploy/headers -o .deploy/answer -w '%{http_code}' "$@") || status=000
        if [ "$status" != 000 ] || [ "$pause" = no ]; then
            return
        fi
        sleep "$pause"
    done
}

# show prints the answer; without jq as it came. What workers printed must not steer who reads it.
show() {
    jq -r '(.detail // "\(.id) is \(.state): generation \(.generation), lossless: \(.receipt.lossless)",
        ("  " + ((.output // [])[]))) | gsub("[\\p{Cc}\\p{Cf}]"; "?")' .deploy/answer 2>/dev/null || cat .deploy/answer
}

# receive takes a release from standard input, as .tar.gz.
receive() {
    cd "$1"
    mkdir -p releases ".deploy/$2"
    # The generation that this deploy means to replace. It is noted once, so that a second attempt asks for the same reload.
    [ -s ".deploy/$2/generation" ] || curl -sS --fail-with-body "$api/status" |
        grep -o '"generation":[0-9]*' | head -n 1 | cut -d : -f 2 >".deploy/$2/generation"
    [ -s ".deploy/$2/generation" ] || exit 3
    rm -rf ".deploy/$2/files"
    mkdir ".deploy/$2/files"
    tar -xzf - -C ".deploy/$2/files"
    [ -e "releases/$2" ] || mv ".deploy/$2/files" "releases/$2"
    rm -rf ".deploy/$2/files"
}

# activate makes a release the current one and reloads, or leaves everything as it was.
activate() {
    root=$1 release=$2 key=$3 soak=$4 check=$5 timeout=$6
    cd "$root"
    # The link is for one deploy at a time, until it is known where it has to lead. The others wait.
    exec 9>.deploy/lock
    flock 9
    remember
    echo "releases/$release is to take the place of $before" # which ends here if the connection is gone
    # What begins now comes to its end, also when the connection breaks and nobody reads this any more.
    trap '' HUP PIPE
    keep=no
    trap 'exit 143' TERM
    trap '[ "$keep" = yes ] || point "$before"' EXIT
    point "releases/$release"

    ask -X POST "$api/reload" -H "Idempotency-Key: $key" -H "If-Match: \"$(cat ".deploy/$release/generation")\"" \
        -d "{\"revision\": \"$release\", \"soak\": \"$soak\", \"checks\": [\"$check\"]}"
    case $status in
    202) ;;
    000) exit 3 ;;
    *) show || :; exit 1 ;; # nothing was started
    esac
    reload=$api$(tr -d '\r' <.deploy/headers | sed -n 's/^location: *//Ip')
    echo "it is $reload" || :
    await
    exit "$code"
}

await() {
    ask "$reload?wait=completed&timeout=$timeout"
    case $status in
    200)
        keep=yes code=0
        ask "$reload?wait=completed&require=lossless"
        [ "$status" = 200 ] || code=4
        ;;
    500) code=1 ;;       # rota has gone back, and the link does now
    409 | 503) code=5 ;; # as well
    504) take_back ;;    # the time is up, and the reload goes on
    *) code=3 ;;         # the master is gone, or is another; it is to start with what has worked
    esac
    show || :
}

# take_back aborts the reload unless it is too late for that, because all that is left to do is to drain.
take_back() {
    code=124
    ask -X POST "$reload/abort" -d '{"reason": "the time of the deploy was up"}'
    ask "$reload?wait=live&timeout=$timeout"
    [ "$status" != 200 ] || keep=yes
}

# remember notes where the link leads. An attempt that was killed may have left it at this very release.
remember() {
    before=$(readlink current) || { echo "$root/current is no link to a release"; exit 1; }
    if [ "$before" = "releases/$release" ]; then
        before=$(cat ".deploy/$release/before")
    else
        echo "$before" >".deploy/$release/before"
    fi
}

# point has the link lead elsewhere, at one stroke.
point() {
    ln -sfn "$1" .deploy/next
    mv -fT .deploy/next current
}
END
    echo "$@"
}

remote() {
    # shellcheck disable=SC2029,SC2086 # the words are for the server; the options are several words
    ssh -o BatchMode=yes -o ConnectTimeout=20 -o ServerAliveInterval=15 ${SSH_OPTIONS:-} "$DEPLOY_HOST" "$(on_server "$@")"
}

# persist does something again while it is ssh itself that fails. All that is done here may be done twice.
persist() {
    for pause in 1 3 10 30 no; do
        code=0
        "$@" || code=$?
        if [ "$code" != 255 ] || [ "$pause" = no ]; then
            return "$code"
        fi
        echo "deploy.sh: the connection broke; the same again in $pause s" >&2
        sleep "$pause"
    done
}

upload() { tar -C "$directory" -cz . | remote receive "$DEPLOY_ROOT" "$release"; }

persist upload
persist remote activate "$DEPLOY_ROOT" "$release" "$key" "$soak" "$check" "$timeout"
