"""What the code of two trials has that is not the same, as paths and as text."""

from collections.abc import Callable, Iterator
from typing import Any

from ledger.errors import LedgerError
from ledger.model import CodeSnapshot, Difference, Manifest, ManifestEntry, Mode, Trial
from ledger.ops.differences import values
from ledger.ops.objects import Loaded, Problem, load, one_line, unique
from ledger.store.base import Store

MAX_TEXT_BYTES = 500_000
"""Size past which a file is not shown as text."""
_CONTEXT = 3
_KINDS = {
    Mode.FILE: "a file",
    Mode.EXECUTABLE: "an executable file",
    Mode.LINK: "a link",
    Mode.DIRECTORY: "a directory",
}

Pair = tuple[ManifestEntry | None, ManifestEntry | None]


def compare(a: Trial, b: Trial, store: Store) -> tuple[tuple[Difference, ...], tuple[Problem, ...]]:
    """Compare code, snapshot by snapshot: commits and branches are shown, the files count."""
    found: list[Difference] = []
    problems: list[Problem | None] = []
    for prefix, left, right in _snapshots(a, b):
        found += values("code", _facts(left), _facts(right), counted=False, prefix=prefix)
        if left is None or right is None:
            trees = [{"tree": each.tree} if each else {} for each in (left, right)]
            found += values("code", trees[0], trees[1], prefix=prefix)
        elif left.tree != right.tree:
            manifests = [load(store, Manifest, each.tree, "code") for each in (left, right)]
            problems += [each.problem for each in manifests]
            if any(each.problem for each in manifests):
                found += values("code", {"tree": left.tree}, {"tree": right.tree}, prefix=prefix)
            else:
                found += [_difference(prefix + path, *pair) for path, pair in _pairs(*manifests)]
    return tuple(found), unique(problems)


def unified(
    a: Trial, b: Trial, store: Store, *, wanted: Callable[[str], bool] = lambda _: True
) -> Iterator[str]:
    """The code's differences as a unified diff, line by line, each with its line end.

    What is binary, larger than `MAX_TEXT_BYTES`, or not readable is named and not shown.

    Parameters
    ----------
    a, b
        Before and after.
    store
        Where the files are.
    wanted
        Whether a path (in the form that `compare` gives it) is to be shown.
    """
    for prefix, left, right in _snapshots(a, b):
        if left and right and left.tree == right.tree:
            continue
        manifests = [
            load(store, Manifest, each.tree, "code") if each else Loaded[Manifest](noun=None, problem=None)
            for each in (left, right)
        ]
        for each in manifests:
            if each.problem:
                yield f"# {prefix or 'the tree'} cannot be read: {each.problem.reason}\n"
        if any(each.problem for each in manifests):
            continue
        for path, (old, new) in _pairs(*manifests):
            if wanted(prefix + path):
                yield from _text_diff(prefix + path, old, new, store)


def _snapshots(a: Trial, b: Trial) -> Iterator[tuple[str, CodeSnapshot | None, CodeSnapshot | None]]:
    """Prefix of the paths, and both sides of each snapshot, the root's own first."""
    left, right = {each.name: each for each in a.code}, {each.name: each for each in b.code}
    for name in sorted(left.keys() | right.keys(), key=lambda name: (name != ".", name)):
        yield "" if name == "." else f"{name}:", left.get(name), right.get(name)


def _facts(snapshot: CodeSnapshot | None) -> dict[str, Any]:
    if snapshot is None:
        return {}
    names = ("commit", "branch", "remote", "dirty", "products")
    # A name in angle brackets is no file's.
    return {f"<{name}>": value for name in names if (value := getattr(snapshot, name)) is not None}


def _pairs(left: Loaded[Manifest], right: Loaded[Manifest]) -> Iterator[tuple[str, Pair]]:
    """Both sides of each path that differs, sorted by path."""
    old, new = ({entry.path: entry for entry in each.noun or ()} for each in (left, right))
    for path in sorted(old.keys() | new.keys()):
        before, after = old.get(path), new.get(path)
        if before is None or after is None or _content(before) != _content(after):
            yield path, (before, after)


def _content(entry: ManifestEntry) -> tuple[Any, ...]:
    return entry.mode, entry.digest, None if entry.digest else (entry.size, entry.omitted)


def _difference(path: str, old: ManifestEntry | None, new: ManifestEntry | None) -> Difference:
    return Difference(
        part="code",
        path=path,
        expected=_shown(old),
        got=_shown(new),
        detail=_detail(old, new),
    )


def _shown(entry: ManifestEntry | None) -> str | None:
    if entry is None:
        return None
    return str(entry.digest) if entry.digest else entry.omitted or _KINDS[entry.mode]


def _detail(old: ManifestEntry | None, new: ManifestEntry | None) -> str:
    if old is None:
        return "added"
    if new is None:
        return "removed"
    if old.mode != new.mode:
        return f"{_KINDS[old.mode]} became {_KINDS[new.mode]}"
    return "changed"


def _text_diff(
    path: str, old: ManifestEntry | None, new: ManifestEntry | None, store: Store
) -> Iterator[str]:
    from difflib import unified_diff

    shown = path.encode("utf-8", "surrogateescape").decode("utf-8", "replace")
    before, after = _lines(old, store), _lines(new, store)
    names = [f"a/{shown}" if old else "/dev/null", f"b/{shown}" if new else "/dev/null"]
    if old and new and old.mode != new.mode:
        yield f"# {shown}: {_detail(old, new)}\n"
    reason = next((each for each in (before, after) if isinstance(each, str)), None)
    if isinstance(before, str) or isinstance(after, str):
        yield f"# {names[0]} and {names[1]} differ: {reason}\n"
        return
    for line in unified_diff(before, after, names[0], names[1], n=_CONTEXT):
        yield line if line.endswith("\n") else f"{line}\n\\ No newline at end of file\n"


def _lines(entry: ManifestEntry | None, store: Store) -> list[str] | str:
    """A file's lines with their ends, or why they are not shown."""
    if entry is None or entry.mode == Mode.DIRECTORY:
        return []
    if entry.digest is None or entry.omitted:
        return f"recorded without content ({entry.omitted or 'unreadable'})"
    if entry.size > MAX_TEXT_BYTES:
        return f"{entry.size} bytes are too many to show"
    try:
        content = store.get(entry.digest)
    except LedgerError as error:
        return one_line(error)
    if b"\0" in content:
        return "binary"
    try:
        text = content.decode("utf-8")
    except UnicodeDecodeError:
        return "binary, or no UTF-8"
    # Not splitlines, which takes a form feed for the end of a line.
    *whole, last = text.split("\n")
    return [f"{line}\n" for line in whole] + ([last] if last else [])
