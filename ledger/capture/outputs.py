"""What a trial made: what the difference of the tree and the watching say together."""

import os
import stat
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, NamedTuple

from ledger.capture.accesses import Access, Watched, Watching
from ledger.capture.choice import Held
from ledger.capture.files import changed
from ledger.capture.known import Known
from ledger.capture.places import Places, Rules
from ledger.capture.put import hash_file
from ledger.capture.spelling import Spelling
from ledger.capture.unseen import CURABLE
from ledger.capture.walk import FileStat, Scan, raw, text
from ledger.model import Digest
from ledger.model.manifest import path_key

_MOST: Final = 3
"""Reasons that are told."""


class Outputs(NamedTuple):
    """What was made."""

    paths: tuple[str, ...]
    """From the root, or absolute; sorted. For `files.artifacts`."""
    same: tuple[str, ...]
    """Opened for writing, or touched, and of the same content as before: no outputs."""
    told_apart: bool
    """Whether, of trials that overlapped, only this one's outputs are among them."""


def outputs(
    watched: Watched,
    *,
    places: Places,
    before: Scan,
    after: Scan,
    declared: Iterable[str] = (),
    recorded: Callable[[str], Held | None] = lambda _: None,
    known: Known | None = None,
    overlapped: bool = False,
) -> Outputs:
    """Say which files were outputs.

    Parameters
    ----------
    watched
        What was seen of the trial's files.
    places
        Where data lies, and where not.
    before, after
        The root before the start, and at the end.
    declared
        Absolute paths of outputs that were declared: they are some, changed or not.
    recorded
        What the snapshots of code and products hold, see `inputs.held`.
    known
        Digests from earlier reads.
    overlapped
        Whether another trial ran in the same directory meanwhile.
    """
    sorting = _Sorting(watched, places, before, after, recorded, known)
    seen = watched.by in (Watching.TRACER, Watching.OUTER)
    within = [path for path in changed(before, after) if sorting.is_own(path, overlapped and seen)]
    kept = [path for path in within if not sorting.is_same(path)]
    same = [path for path in within if sorting.is_same(path)]
    for path, access in sorting.elsewhere():
        (same if sorting.is_as_before(path, access) else kept).append(path)
    named = [sorting.spelling.recorded(os.path.normpath(path)) for path in declared]
    paths = sorted({*kept, *named}, key=path_key)
    left = set(same) - set(paths)
    return Outputs(tuple(paths), tuple(sorted(left, key=path_key)), seen)


def unseen(watched: Watched) -> list[str]:
    """Why outputs may be missing, one text a reason: the difference of the tree shows none outside of it."""
    why = f": {watched.fallback}" if watched.fallback else ""
    if watched.by is Watching.PROBE:
        return [f"outside of the root, only what Python wrote is known{why}"]
    if watched.by is Watching.NONE:
        return [f"what was written outside of the root is not known{why}"]
    # Those tell of rights, and of what a file held before it was changed.
    return [gap for gap in watched.gaps if not any(text in gap for text in CURABLE)][:_MOST]


class _Sorting:
    def __init__(
        self,
        watched: Watched,
        places: Places,
        before: Scan,
        after: Scan,
        recorded: Callable[[str], Held | None],
        known: Known | None,
    ) -> None:
        self.before, self.after, self.recorded = before, after, recorded
        self.root = Path(places.root)
        self.known = Known() if known is None else known
        self.spelling = Spelling(places.root)
        self.rules = Rules(places, self.spelling.real_root)
        self.by = watched.by
        self.written: dict[str, Access] = {}
        """By recorded path: what was done to the files that were written, spellings of one taken together."""
        for access in watched.accesses:
            if access.written and self.rules.is_output(self.spelling.plain(access.path)):
                path = self.spelling.recorded(access.path)
                earlier = self.written.get(path)
                self.written[path] = access if earlier is None else _both(earlier, access)
        self._verdicts: dict[str, bool] = {}

    def is_own(self, path: str, ask: bool) -> bool:
        """Whether this trial wrote a path of the root, or a directory above it."""
        if not ask:
            return True
        while path:
            if path in self.written:
                return True
            path = path.rpartition("/")[0]
        return False

    def is_same(self, path: str) -> bool:
        """Whether a path of the root that looks changed has the content that it had before.

        What was written anew from its beginning is made by this trial, even if it came out the same.
        """
        if path not in self._verdicts:
            self._verdicts[path] = self._is_same(path)
        return self._verdicts[path]

    def _is_same(self, path: str) -> bool:
        was, now = self.before.files.get(path), self.after.files[path]
        if was is None or not (was.is_regular and now.is_regular):
            return False
        if was.size != now.size or was.executable != now.executable:
            return False
        access = self.written.get(path)
        if access is None and self.by not in (Watching.TRACER, Watching.OUTER):
            return False  # nobody saw who wrote it, or how
        if access is not None and not access.read:
            return False
        former = self._former(path, access, was)
        return former is not None and former == self._digest(path, now)

    def elsewhere(self) -> list[tuple[str, Access]]:
        """What was written where the scan of the root does not go, and is there as a regular file."""
        found: dict[str, Access] = {}
        for path, access in self.written.items():
            if path in self.after.files:
                continue
            absolute = text(os.path.realpath(raw(self.spelling.absolute(path))))
            place = self.spelling.recorded(absolute)
            if place in self.after.files:
                continue  # reached by a link; the scan has it
            if not place.startswith("/") and self.after.beneath_skipped(place):
                continue
            if self.rules.is_output(absolute) and _is_file(absolute) and not self._is_leftover(absolute):
                found[place] = access
        return sorted(found.items(), key=lambda each: path_key(each[0]))

    def _is_leftover(self, path: str) -> bool:
        """Whether a path is what `tempfile` or mktemp made in this trial, or lies in it: nobody's result.

        They make files with O_EXCL and directories for nobody else; who chooses such a name does neither.
        """
        made = self.rules.made_up(path)
        if made is None:
            return False
        try:
            mode = os.lstat(raw(made)).st_mode
        except OSError:
            return False
        if stat.S_ISREG(mode) and self.by in (Watching.TRACER, Watching.OUTER):
            access = self.written.get(self.spelling.recorded(made))
            return access is not None and access.exclusive
        return mode & 0o077 == 0

    def is_as_before(self, path: str, access: Access) -> bool:
        """Whether a file outside the root holds what it held before."""
        was = access.before
        if not access.existed or was is None:
            return False
        try:
            now = FileStat.of(os.lstat(raw(self.spelling.absolute(path))))
        except OSError:
            return False
        if (was.size, was.mtime_ns, was.inode) == (now.size, now.mtime_ns, now.inode):
            return True
        if was.size != now.size or not access.read:
            return False
        former = self._former(path, access, was)
        return former is not None and former == self._digest(path, now)

    def _former(self, path: str, access: Access | None, was: FileStat) -> Digest | None:
        if access is not None and access.saved is not None:
            try:
                return hash_file(Path(os.fsdecode(raw(access.saved))))[0]
            except OSError:
                pass  # the copy is gone: another witness may know
        found = self.recorded(path)
        if found is not None and found.entry.digest is not None:
            return found.entry.digest
        return self.known.get(path, was)

    def _digest(self, path: str, now: FileStat) -> Digest | None:
        digest = self.known.get(path, now)
        if digest is None:
            try:
                return hash_file(Path(os.fsdecode(raw(self.spelling.absolute(path)))))[0]
            except OSError:
                return None
        return digest


def _both(first: Access, second: Access) -> Access:
    return first._replace(
        read=first.read or second.read,
        saved=first.saved or second.saved,
        before=first.before or second.before,
        exclusive=first.exclusive or second.exclusive,
    )


def _is_file(path: str) -> bool:
    try:
        return stat.S_ISREG(os.lstat(raw(path)).st_mode)
    except OSError:
        return False
