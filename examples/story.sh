# What the stories share: a place where each happens, and commands that are shown, run, and held to what they must say.
# Each demo.sh sources it, with its name in $story and its own argument, a directory, if there is one. It sets $place.

unset LEDGER_DIR LEDGER_TRIAL LEDGER_SPOOL LEDGER_SEED PYTHONPATH
if [ $# -gt 0 ]; then
    mkdir "$1"
    place=$(cd "$1" && pwd)
else
    place=$(mktemp -d "${TMPDIR:-/tmp}/ledger-$story.XXXXXX")
    trap 'rm -rf "$place"' EXIT
    trap 'exit 130' INT TERM
fi

show() { # print a command, then run it
    printf '\n$ %s\n' "$*"
    "$@"
}

expect() { # the same, and insist on its exit code and on words that it says: CODE WORDS… -- COMMAND…
    wanted=$1 && shift
    : >"$place/words"
    while [ "$1" != -- ]; do
        printf '%s\n' "$1" >>"$place/words" && shift
    done
    shift
    code=0
    printf '\n$ %s\n' "$*"
    "$@" >"$place/output" 2>"$place/errors" || code=$?
    sed "s|$place/||" "$place/output"
    sed -n '/^error: /p; /^cause: /p' "$place/errors"
    [ "$code" = "$wanted" ] || { cat "$place/errors" >&2 && echo "error: exit code $code, expected $wanted: $*" >&2 && exit 1; }
    while read -r words; do
        grep -qF -- "$words" "$place/output" "$place/errors" || { echo "error: nothing is said of $words: $*" >&2 && exit 1; }
    done <"$place/words"
}
