"""Installed files that a trial read and that are not as they were installed."""

import os
import time
from array import array
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from ledger.capture import cache as derived
from ledger.capture.accesses import Watched
from ledger.capture.facts import RECENT
from ledger.capture.places import is_bytecode, source_of
from ledger.capture.record_rows import record_rows, sha256
from ledger.capture.spelling import Spelling
from ledger.capture.walk import raw, shown, text

_KIND: Final = "installed"
_MARGIN: Final = 2_000_000_000
"""Nanoseconds by which a file may be younger than its RECORD: an installer writes for a while."""
_NO_HASH: Final = bytes(32)
_AT_ONCE: Final = 500
"""Files that one process hashes."""


class Edited(NamedTuple):
    """What was found."""

    paths: tuple[str, ...] = ()
    """Absolute, as they were opened (a source for its bytecode), sorted: these are inputs."""
    names: tuple[str, ...] = ()
    """Those of them that were installed with another content, from their directory of packages: for the
    health line of the environment. The others were added to an installed package."""
    problems: tuple[str, ...] = ()
    """What could not be checked."""


class _Opened(NamedTuple):
    path: str
    """As it was opened."""
    name: str
    """From its site."""


class _Rows(NamedTuple):
    """A RECORD, by place in it."""

    places: dict[str, int]
    sizes: Sequence[int]
    hashes: bytes
    changed: int


def edited(watched: Watched, sites: Iterable[str], *, cache: Path) -> Edited:
    """Say which installed files that were read differ from their distribution's RECORD.

    A file differs if it has another size; or if it is younger than its RECORD, and its content another.

    Parameters
    ----------
    watched
        What was seen of the trial's files.
    sites
        Absolute directories that hold installed packages.
    cache
        Directory for parsed RECORDs, kept until they change.
    """
    checking = _Checking(cache)
    for site, opened in _opened(watched, sites).items():
        checking.site(site, opened)
    return checking.result()


def _opened(watched: Watched, sites: Iterable[str]) -> dict[str, dict[str, _Opened]]:
    """The files that were read beneath each site, by their names from there."""
    spelling = Spelling("/")
    homes: dict[str, tuple[str, str] | None] = {"": None}
    for site in sites:
        homes[site] = (site, "")
        homes.setdefault(spelling.real(site), (site, ""))

    def home(directory: str) -> tuple[str, str] | None:
        if directory not in homes:
            above, _, name = directory.rpartition("/")
            if name in ("..", "."):
                homes[directory] = home(spelling.real(directory))
            else:
                within = home(above)
                homes[directory] = (within[0], f"{within[1]}{name}/") if within else None
        return homes[directory]

    found: dict[str, dict[str, _Opened]] = {}
    for access in watched.accesses:
        if not (access.existed and (access.read or access.executed)):
            continue
        path = source_of(access.path) or access.path
        directory, _, name = path.rpartition("/")
        within = home(directory)
        if within is None and (real := spelling.real(directory)) != directory:
            within = homes[directory] = home(real)
        if within is not None:
            name = within[1] + name
            found.setdefault(within[0], {}).setdefault(name, _Opened(path, name))
    return found


class _Checking:
    def __init__(self, cache: Path) -> None:
        self.cache = cache
        self.differing: dict[str, str] = {}
        self.added: list[str] = []
        self.problems: list[str] = []

    def result(self) -> Edited:
        paths = sorted({*self.differing, *self.added})
        return Edited(tuple(paths), tuple(sorted(set(self.differing.values()))), tuple(self.problems))

    def site(self, site: str, opened: dict[str, _Opened]) -> None:
        """Check the files of one site, distribution by distribution."""
        owners = self._owners(site)
        wanted: dict[str, list[_Opened]] = {}
        for each in opened.values():
            for owner in owners.get(each.name.partition("/")[0], ()):
                wanted.setdefault(owner, []).append(each)
        found: set[str] = set()
        for owner, files in wanted.items():
            rows = self._rows(f"{site}/{owner}/RECORD")
            if rows is None:
                found.update(each.name for each in files)  # nobody says what was installed
                continue
            own = [each for each in files if each.name in rows.places]
            found.update(each.name for each in own)
            self._check(f"{site}/{owner}/RECORD", rows, own)
        for files in wanted.values():
            for each in files:
                name = each.name
                if (
                    name not in found
                    and "/" in name
                    and not is_bytecode(name)
                    and os.path.isfile(raw(each.path))
                ):
                    found.add(name)
                    self.added.append(each.path)

    def _check(self, record: str, rows: _Rows, files: list[_Opened]) -> None:
        suspicious: list[tuple[_Opened, os.stat_result]] = []
        latest = rows.changed + _MARGIN
        for each in files:
            try:
                status = os.stat(raw(each.path))
            except OSError:
                continue  # gone by now: it was read, and what it was is not to be had
            size = rows.sizes[rows.places[each.name]]
            if size >= 0 and size != status.st_size:
                self.differing[each.path] = each.name
            elif status.st_mtime_ns > latest and size >= 0:
                suspicious.append((each, status))
        if suspicious:
            self._verify(record, rows, suspicious)

    def _verify(self, record: str, rows: _Rows, files: list[tuple[_Opened, os.stat_result]]) -> None:
        """Hold the content of files against their RECORD; what came of it holds until they change."""
        key = derived.key_of("verified", record, rows.changed)
        verdicts: dict[str, list[Any]] = derived.load(self.cache, _KIND, key) or {}
        stamps = {
            each.name: [status.st_size, status.st_mtime_ns, status.st_ctime_ns, status.st_ino]
            for each, status in files
        }
        asked = [each for each, _ in files if verdicts.get(each.name, [None])[0] != stamps[each.name]]
        now = time.time_ns()
        digests = _sha256sum([each.path for each in asked])
        for each in asked:
            place = rows.places[each.name]
            expected = rows.hashes[32 * place : 32 * place + 32]
            got = digests.get(each.path)
            if got is None and expected != _NO_HASH:
                self.problems.append(
                    f"{shown(each.name)} is younger than its RECORD and could not be checked"
                )
                self.added.append(each.path)
                stamps[each.name] = [0, 0, 0, 0]
            verdicts[each.name] = [stamps[each.name], expected != _NO_HASH and got == expected]
        for each, _ in files:
            stamp, same = verdicts[each.name]
            if not same and any(stamp):
                self.differing[each.path] = each.name
        kept = {
            name: row for name, row in verdicts.items() if any(row[0]) and max(row[0][1:3]) < now - RECENT
        }
        if asked:
            derived.save(self.cache, _KIND, key, kept)

    def _owners(self, site: str) -> dict[str, list[str]]:
        """Which distributions have something in each directory or file at the top of a site."""
        try:
            changed = os.stat(raw(site)).st_mtime_ns
        except OSError:
            return {}
        key = derived.key_of("owners", site, changed)
        known: dict[str, list[str]] | None = derived.load(self.cache, _KIND, key)
        if known is not None:
            return known
        owners: dict[str, list[str]] = {}
        for name in sorted(text(each) for each in os.listdir(raw(site))):
            if not name.endswith(".dist-info") or name.startswith("~"):
                continue
            rows = self._rows(f"{site}/{name}/RECORD")
            tops = {path.partition("/")[0] for path in rows.places} if rows is not None else set()
            for top in tops - {"..", ""}:
                owners.setdefault(top, []).append(name)
        if changed < time.time_ns() - RECENT:
            derived.save(self.cache, _KIND, key, owners)
        return owners

    def _rows(self, record: str) -> _Rows | None:
        try:
            status = os.stat(raw(record))
        except OSError:
            return None
        changed = status.st_mtime_ns
        key = derived.key_of("rows", record, changed, status.st_size)
        value = derived.load(self.cache, _KIND, key)
        if value is None:
            found = record_rows(os.fsdecode(raw(record)))
            if found is None:
                return None
            # Only what lies in the site, and is no bytecode: nothing else is ever asked for.
            found = [row for row in found if row.path[:2] != ".." and not is_bytecode(row.path)]
            sizes = array("q", (int(row.size) if row.size.isdigit() else -1 for row in found))
            value = [
                b"\0".join(raw(row.path) for row in found),
                sizes.tobytes(),
                b"".join(sha256(row) or _NO_HASH for row in found),
            ]
            if changed < time.time_ns() - RECENT:
                derived.save(self.cache, _KIND, key, value)
        names, packed, hashes = value
        sizes = array("q")
        sizes.frombytes(packed)
        places = {name: place for place, name in enumerate(text(names).split("\0"))} if packed else {}
        return _Rows(places, sizes, hashes, changed)


def _sha256sum(paths: list[str]) -> dict[str, bytes]:
    """SHA-256 by the system's program; a file that it cannot read has none."""
    import subprocess

    found: dict[str, bytes] = {}
    for start in range(0, len(paths), _AT_ONCE):
        part = paths[start : start + _AT_ONCE]
        try:
            done = subprocess.run(
                ["sha256sum", "--zero", "--", *map(raw, part)],
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
                check=False,
            )
        except OSError:
            continue
        for line in done.stdout.split(b"\0"):
            digest, _, name = line.partition(b"  ")
            if name:
                found[text(name)] = bytes.fromhex(digest.decode("ascii"))
    return found
