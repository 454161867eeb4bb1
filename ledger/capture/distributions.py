"""Installed distributions of one directory, read from their metadata's heads and kept until they change."""

import os
import time
from pathlib import Path
from typing import Any

from ledger.capture import cache as derived
from ledger.capture.facts import RECENT
from ledger.capture.metadata import Installed, normalised, read
from ledger.model.frozen import frozen

__all__ = ["Installed", "Site", "normalised", "scan"]


@frozen
class Site:
    """What is installed in one directory."""

    installed: tuple[Installed, ...]
    """Sorted by the names of their metadata directories."""
    unreadable: tuple[str, ...]
    """Metadata directories that name no distribution."""


def scan(directory: str, cache: Path) -> Site:
    """List the distributions of a directory.

    Parameters
    ----------
    directory
        One of those that an interpreter imports from.
    cache
        Directory for kept lists. One holds while the directory's time of change stays what it was, each row
        of it while that of the metadata directory does.
    """
    now = time.time_ns()
    stamp = _changed(directory)
    if stamp is None:
        return Site(installed=(), unreadable=())
    key = derived.key_of("site", directory)
    known = derived.load(cache, "sites", key) or {"stamp": None, "rows": []}
    rows: dict[str, Any] = {row[0]: row for row in known["rows"]}
    names = list(rows) if known["stamp"] == stamp else _metadata(directory)
    fresh: list[list[Any]] = []
    same = known["stamp"] == stamp
    steady = stamp < now - RECENT
    for name in names:
        changed = _changed(f"{directory}/{name}")
        row = rows.get(name)
        if row is None or row[1] != changed:
            row = [name, changed, *read(directory, name)]
            same = False
            steady = steady and changed is not None and changed < now - RECENT
        fresh.append(row)
    if steady and not same:
        derived.save(cache, "sites", key, {"stamp": stamp, "rows": fresh})
    return Site(
        installed=tuple(Installed._make((*row[2:8], tuple(row[8]))) for row in fresh if row[2] is not None),
        unreadable=tuple(row[0] for row in fresh if row[2] is None),
    )


def _metadata(directory: str) -> list[str]:
    """Names of the metadata in a directory, sorted; an egg is its own."""
    if directory.endswith(".egg"):
        return ["EGG-INFO"] if os.path.exists(f"{directory}/EGG-INFO") else []
    try:
        with os.scandir(directory) as entries:
            return sorted(
                entry.name
                for entry in entries
                if entry.name.endswith((".dist-info", ".egg-info")) and not entry.name.startswith("~")
            )
    except OSError:
        return []  # a file, or gone meanwhile


def _changed(path: str) -> int | None:
    try:
        return os.stat(path).st_mtime_ns
    except OSError:
        return None
