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

as_typed() { # a command as a person types it
    printf '\n$'
    for word; do
        case $word in
        *\'*) printf ' "%s"' "$word" ;;
        *[!A-Za-z0-9_./=:@%+,-]*) printf " '%s'" "$word" ;;
        *) printf ' %s' "$word" ;;
        esac
    done
    printf '\n'
}

show() { # print a command, then run it
    as_typed "$@"
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
    as_typed "$@"
    "$@" >"$place/output" 2>"$place/errors" || code=$?
    sed "s|$place/||" "$place/output"
    sed -n '/^error: /p; /^cause: /p' "$place/errors"
    [ "$code" = "$wanted" ] || { cat "$place/errors" >&2 && echo "error: exit code $code, expected $wanted: $*" >&2 && exit 1; }
    while read -r words; do
        grep -qF -- "$words" "$place/output" "$place/errors" || { echo "error: nothing is said of $words: $*" >&2 && exit 1; }
    done <"$place/words"
}

project() { # a git repository with the story's own program
    mkdir "$place/project"
    for file in train.py space.toml; do
        [ ! -e "$here/$file" ] || cp "$here/$file" "$place/project"
    done
    cd "$place/project"
    git init --quiet .
    git add .
    git -c user.name=demo -c user.email=demo@example.org commit --quiet --message "$story"
}

budget() { # how many: FULL, or FEW where STORY_BUDGET is small, which is what the tests run
    [ "${STORY_BUDGET:-full}" = small ] && echo "$2" || echo "$1"
}

# Trials run two at a time: one thread each is what keeps them from waiting for one another.
OMP_NUM_THREADS=1 OPENBLAS_NUM_THREADS=1
export OMP_NUM_THREADS OPENBLAS_NUM_THREADS
