# What the server does in a deploy. ship.sh sends it along, so nothing of it has to be installed there; it needs rota,
# flock and tar.
# shellcheck shell=sh
set -eu

# receive ROOT RELEASE takes a release from standard input, as .tar.gz.
receive() {
    cd "$1"
    mkdir -p releases ".deploy/$2"
    # The generation that this deploy means to replace. It is noted once, so that a second attempt asks for the same reload.
    [ -s ".deploy/$2/generation" ] || generation >".deploy/$2/generation"
    rm -rf ".deploy/$2/files"
    mkdir ".deploy/$2/files"
    tar -xzf - -C ".deploy/$2/files"
    [ -e "releases/$2" ] || mv ".deploy/$2/files" "releases/$2"
    rm -rf ".deploy/$2/files"
}

generation() {
    status=$(rota status --json)
    echo "$status" | grep -o '"generation":[0-9]*' | head -n 1 | cut -d : -f 2
}

# activate ROOT RELEASE REVISION KEY TIMEOUT [FLAG…] makes a release the current one and reloads, or leaves everything as it
# was. It prints the reload as JSON, if there is one, and exits as rota reload does.
activate() {
    root=$1 release=$2 revision=$3 key=$4 timeout=$5
    shift 5
    cd "$root"
    # The link is for one deploy at a time, until it is known where it has to lead. The others wait.
    exec 9>.deploy/lock
    flock 9
    remember
    echo "releases/$release is to take the place of $before" >&2 # which ends here if the connection is gone
    # What begins now comes to its end, also when the connection breaks and nobody reads this any more.
    trap '' HUP PIPE
    keep=no
    trap 'exit 143' TERM
    trap '[ "$keep" = yes ] || point "$before"' EXIT
    point "releases/$release"

    code=0
    id=$(rota reload --wait=none --revision "$revision" --idempotency-key "$key" \
        --if-match "$(cat ".deploy/$release/generation")" "$@") || exit # nothing was started
    rota reload --follow "$id" --timeout "$timeout" --require=lossless >&2 || code=$?
    case $code in
    0 | 4) keep=yes ;; # the new release serves; after 4 not all of the old one's connections ended well
    1 | 5) ;;          # rota has gone back, or, if the reload is unstable, should; the link does now
    3) ;;              # the master is gone; it is to start with what has worked
    *) take_back ;;    # the time is up, and the reload goes on
    esac
    rota history "$id" --json || :
    exit "$code"
}

# take_back aborts the reload unless it is too late for that, because all that is left to do is to drain.
take_back() {
    rota abort "$id" --reason "the deploy's time was up" >&2 || :
    late=0
    rota reload --follow "$id" --wait=live --timeout "$timeout" >&2 || late=$?
    case $late in 0 | 4) keep=yes ;; esac
}

# remember notes where the link leads. An attempt that was killed may have left it at this very release.
remember() {
    before=$(readlink current) || { echo "$root/current is no link to a release" >&2; exit 1; }
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
