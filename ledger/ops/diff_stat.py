"""How many lines of each file a unified diff adds and removes."""

from collections.abc import Iterable

from ledger.model.frozen import frozen


@frozen
class FileStat:
    """A file that differs."""

    path: str
    added: int
    removed: int
    note: str | None
    """Why its text is not shown, or that its mode differs."""


def stat(lines: Iterable[str]) -> list[FileStat]:
    """Count the lines of a unified diff as `diff_code.unified` writes it, file by file."""
    found: dict[str, FileStat] = {}
    path, left, right, before = "", 0, 0, ""
    for line in lines:
        if left > 0 or right > 0:  # within a hunk, where a line may begin with "--- ", too
            mark = line[:1]
            left -= mark in " -"
            right -= mark in " +"
            if mark in "+-":
                found[path] = _more(found[path], mark)
        elif line.startswith("@@ "):
            left, right = _lengths(line)
        elif line.startswith("--- "):
            before = line[4:].rstrip("\n")
        elif line.startswith("+++ "):
            after = line[4:].rstrip("\n")
            path = (before if after == "/dev/null" else after).partition("/")[2]
            found.setdefault(path, FileStat(path=path, added=0, removed=0, note=None))
        elif line.startswith("# "):
            name, _, note = line[2:].rstrip("\n").partition(": ")
            name = name.removesuffix(" differ").rpartition(" and ")[2].removeprefix("b/")
            found[name] = FileStat(path=name, added=0, removed=0, note=note)
    return list(found.values())


def _more(known: FileStat, mark: str) -> FileStat:
    more = (1, 0) if mark == "+" else (0, 1)
    return FileStat(
        path=known.path, added=known.added + more[0], removed=known.removed + more[1], note=known.note
    )


def _lengths(line: str) -> tuple[int, int]:
    """Lines of both sides that a hunk has: ``@@ -1,3 +1,4 @@``, where ``,1`` is left out."""
    counts = []
    for each in line.split()[1:3]:
        _, comma, length = each.partition(",")
        counts.append(int(length) if comma else 1)
    return counts[0], counts[1]
