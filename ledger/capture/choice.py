"""Which of the files that a trial read are inputs: by where they lie, and by who made them."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import NamedTuple

from ledger.capture.accesses import Access
from ledger.capture.places import Rules, source_of
from ledger.capture.spelling import Spelling
from ledger.capture.walk import raw
from ledger.model import Manifest, ManifestEntry

_NEVER = 1 << 62
_FEW = 200
"""Questions that are answered one by one."""


class Held(NamedTuple):
    """What was recorded of a path before the trial started."""

    entry: ManifestEntry
    product: bool
    """Whether an earlier trial made it: then it is an input wherever it is read, source code or not."""


def held(
    tree: Manifest, products: Manifest, others: Mapping[str, Manifest] | None = None
) -> Callable[[str], Held | None]:
    """Tell what snapshots of code hold by a recorded path.

    Parameters
    ----------
    tree, products
        Of the root.
    others
        Trees of other repositories, by their absolute real paths.
    """
    found: dict[str, Held] = {}
    left = _FEW

    def ask(path: str) -> Held | None:
        nonlocal left
        if left > 0:  # to look a few up costs less than to lay all of them out
            left -= 1
            return _look_up(path, tree, products, others or {})
        if not found:
            for root, manifest in (others or {}).items():
                found.update((f"{root}/{entry.path}", Held(entry, False)) for entry in manifest)
            found.update((entry.path, Held(entry, False)) for entry in tree)
            found.update((entry.path, Held(entry, True)) for entry in products)
        return found.get(path)

    return ask


def _look_up(path: str, tree: Manifest, products: Manifest, others: Mapping[str, Manifest]) -> Held | None:
    if (entry := products.find(path)) is not None:
        return Held(entry, True)
    if (entry := tree.find(path)) is not None:
        return Held(entry, False)
    for root, manifest in reversed(tuple(others.items())):
        if path.startswith(f"{root}/") and (entry := manifest.find(path[len(root) + 1 :])) is not None:
            return Held(entry, False)
    return None


def choose(
    accesses: Sequence[Access], rules: Rules, spelling: Spelling, edited: frozenset[str] = frozenset()
) -> Iterator[Access]:
    """The accesses that read data which was there before the trial.

    Parameters
    ----------
    accesses
        In the order in which they were first touched.
    rules, spelling
        Of the trial's places.
    edited
        Absolute paths that are inputs wherever they lie.
    """
    is_input = rules.is_input
    made: _Made | None = None
    for number, access in enumerate(accesses):
        if not (access.existed and (access.read or access.executed)):
            continue
        path = access.path
        if path.endswith((".pyc", ".pyo")):
            source = source_of(path)
            if source is None or not (source in edited or is_input(spelling.plain(source))):
                continue
            if os.path.lexists(raw(source)):
                access = Access(source, read=True, written=False, existed=True)
                path = source
        if path in edited:
            yield access
            continue
        path = spelling.plain(path)
        if not is_input(path):
            continue
        resolved = spelling.resolved(path)
        if resolved != path and not is_input(resolved):
            continue
        if made is None:
            made = _Made(accesses, spelling)
        if not made.before(resolved, number):
            yield access


class _Made:
    """When the trial made which paths."""

    def __init__(self, accesses: Sequence[Access], spelling: Spelling) -> None:
        self._paths: dict[str, int] = {}
        for number, access in enumerate(accesses):
            if not access.existed:
                self._paths.setdefault(spelling.resolved(access.path), number)
        self._directories: dict[str, int] = {"": _NEVER}

    def before(self, path: str, number: int) -> bool:
        """Whether the trial made a path, or a directory above it, before it did access `number`."""
        if not self._paths:
            return False
        return self._paths.get(path, _NEVER) < number or self._directory(path.rpartition("/")[0]) < number

    def _directory(self, path: str) -> int:
        found = self._directories.get(path)
        if found is None:
            above = self._directory(path.rpartition("/")[0])
            found = self._directories[path] = min(above, self._paths.get(path, _NEVER))
        return found
