"""Files that a program names by the clock, its process or at random: which of two runs' are the same ones."""

import re
from collections.abc import Iterable, Mapping
from typing import Final

from ledger.model import Artifact

_CHANGING: Final = re.compile(
    r"(?<![0-9a-f])[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}(?![0-9a-f])"
    r"|(?<![0-9])(?:19|20)\d\d([-_.:]?)(?:0[1-9]|1[0-2])\1[0-3]\d"
    r"(?:[T_ .-]?[0-2]\d([-_.:h]?)[0-5]\d(?:\2[0-5]\d)?)?(?![0-9])"
    r"|(?<![0-9])[0-2]\d([-_.:])[0-5]\d\3[0-5]\d(?![0-9])"
    r"|(?<![0-9a-zA-Z])(?=[a-z]*\d)[0-9a-f]{6,}(?![0-9a-zA-Z])"
    r"|(?<=tmp)[0-9a-z_]{8}(?![0-9a-z_])"
    r"|(?<![0-9])\d{3,}(?![0-9])"
)
"""Identifiers, dates, times of day, hashes, what tempfile makes up, and numbers of three digits and more (a
process, seconds): last, since the others may begin with digits."""


_LONG: Final = 6
"""Letters from which on what changes is a time or made up: other numbers beside it may be a process's."""
_NUMBER: Final = re.compile(r"\d+", re.ASCII)


def pairs(expected: Mapping[str, Artifact], got: Mapping[str, Artifact]) -> dict[str, str]:
    """Pair those of two runs' files that only one of them has, and whose names say the same otherwise.

    Of one pattern those with the same content are paired first, then the others in the order of their names,
    if there are as many on both sides.

    Parameters
    ----------
    expected, got
        Path → file.

    Returns
    -------
    dict of str to str
        Path in `expected` → path in `got`.
    """
    left = _grouped(expected.keys() - got.keys())
    right = _grouped(got.keys() - expected.keys())
    found: dict[str, str] = {}
    for pattern in left.keys() & right.keys():
        mine, theirs = left[pattern], right[pattern]
        for path in tuple(mine):
            digest = expected[path].digest
            same = next((each for each in theirs if digest and got[each].digest == digest), None)
            if same is not None:
                found[path] = same
                mine.remove(path)
                theirs.remove(same)
        if len(mine) == len(theirs):
            found.update(zip(mine, theirs, strict=True))
    return found


def _grouped(paths: Iterable[str]) -> dict[str, list[str]]:
    groups: dict[str, list[str]] = {}
    for path in sorted(paths):
        pattern = "/".join(map(_pattern, path.split("/")))
        if pattern != path:
            groups.setdefault(pattern, []).append(path)
    return groups


def _pattern(name: str) -> str:
    found = [each.group() for each in _CHANGING.finditer(name)]
    pattern = _CHANGING.sub("#", name)
    return _NUMBER.sub("#", pattern) if any(len(each) >= _LONG for each in found) else pattern
