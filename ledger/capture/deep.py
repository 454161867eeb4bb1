"""Every installed file held against its distribution's RECORD, by content."""

import os
import subprocess
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import IO, Final, NamedTuple

from ledger.capture.metadata import normalised
from ledger.capture.put import hash_file
from ledger.capture.record_rows import record_rows, sha256
from ledger.capture.walk import raw, shown, text
from ledger.model import Digest

_PROGRAM: Final = "sha256sum"
_BATCH: Final = 400
"""Files that one process is given."""
_AT_ONCE: Final = 2
_SHOWN: Final = 3


class EditedFile(NamedTuple):
    """An installed file that is not as it was installed."""

    distribution: str
    """Normalised name."""
    path: str
    """Absolute."""
    digest: Digest | None
    """Of what it holds now; None where it is missing or cannot be read."""
    size: int
    """Bytes; 0 where it is missing."""


class DeepCheck(NamedTuple):
    """What was found."""

    edited: tuple[EditedFile, ...]
    """Sorted by path."""
    checked: int
    """How many files were."""
    problem: str | None
    """Why not all could be checked."""

    @property
    def reason(self) -> str | None:
        """What there is to say of it, for the environment's health line; None where all is as installed."""
        changed = [each for each in self.edited if each.digest is not None]
        missing = [each for each in self.edited if each.digest is None]
        notes = [self.problem] if self.problem else []
        for files, what in ((changed, "differ from what was installed"), (missing, "are missing")):
            if files:
                first = [f"{shown(os.path.basename(each.path))} of {each.distribution}" for each in files]
                more = f" and {len(files) - _SHOWN} more" if len(files) > _SHOWN else ""
                notes.append(f"installed files that {what}: {', '.join(first[:_SHOWN])}{more}")
        return "; ".join(notes) or None


class _Installed(NamedTuple):
    distribution: str
    digest: bytes
    size: int | None


def deep_check(sites: Iterable[str | Path]) -> DeepCheck:
    """Read all files of all distributions and compare them with the SHA-256 that their RECORDs tell.

    It takes as long as reading them does. Bytecode, and what a RECORD tells no hash of, is left out.

    Parameters
    ----------
    sites
        Directories into which installers put packages.
    """
    expected: dict[str, _Installed] = {}
    for site in dict.fromkeys(map(str, sites)):
        expected |= _installed(site)

    # 1. What is not there or has another size needs no reading.
    suspects: set[str] = set()
    same_size: list[str] = []
    for path, installed in expected.items():
        try:
            size = os.stat(raw(path)).st_size
        except OSError:
            suspects.add(path)
            continue
        if installed.size is not None and size != installed.size:
            suspects.add(path)
        else:
            same_size.append(path)

    # 2. All others, by the system's tool.
    problem = None
    try:
        found = dict(hashed(same_size))
    except OSError as error:
        problem = f"installed files were compared by size only: {_PROGRAM}: {error.strerror}"
    else:
        suspects.update(path for path in same_size if found.get(path) != expected[path].digest)
    edited = tuple(_edited(path, expected[path].distribution) for path in sorted(suspects))
    return DeepCheck(edited=edited, checked=len(expected), problem=problem)


def _installed(site: str) -> dict[str, _Installed]:
    """Absolute path → what its RECORD says, for the files of a directory of packages."""
    found: dict[str, _Installed] = {}
    try:
        names = sorted(name for name in os.listdir(site) if name.endswith(".dist-info"))
    except OSError:
        return found  # an interpreter names directories that need not be there
    for name in names:
        distribution = normalised(name.removesuffix(".dist-info").rpartition("-")[0])
        for row in record_rows(f"{site}/{name}/RECORD") or ():
            digest = sha256(row)
            if digest is not None and not row.path.endswith(".pyc"):
                path = os.path.normpath(os.path.join(text(os.fsencode(site)), row.path))
                size = int(row.size) if row.size.isdecimal() else None
                found[path] = _Installed(distribution, digest, size)
    return found


def hashed(paths: list[str]) -> Iterator[tuple[str, bytes]]:
    """Path and SHA-256 of each file that can be read; two processes work beside each other.

    Raises
    ------
    OSError
        If the system has no tool for it.
    """
    running: list[tuple[subprocess.Popen[bytes], IO[bytes]]] = []
    try:
        for first in range(0, len(paths), _BATCH):
            if len(running) == _AT_ONCE:
                yield from _ended(*running.pop(0))
            running.append(_start(paths[first : first + _BATCH]))
        while running:
            yield from _ended(*running.pop(0))
    finally:
        for process, output in running:
            process.kill()
            process.wait()
            output.close()


def _start(paths: list[str]) -> tuple[subprocess.Popen[bytes], IO[bytes]]:
    output = tempfile.TemporaryFile()  # noqa: SIM115 (a pipe would fill while another one is read)
    try:
        process = subprocess.Popen(
            [_PROGRAM, "-z", "--", *map(raw, paths)],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.DEVNULL,  # what it could not read has no line: it counts as changed
        )
    except OSError:
        output.close()
        raise
    return process, output


def _ended(process: subprocess.Popen[bytes], output: IO[bytes]) -> Iterator[tuple[str, bytes]]:
    with output:
        process.wait()
        output.seek(0)
        for line in output.read().split(b"\0"):
            digest, _, path = line.partition(b"  ")
            if path:
                yield text(path), bytes.fromhex(digest.decode("ascii"))


def _edited(path: str, distribution: str) -> EditedFile:
    file = Path(os.fsdecode(raw(path)))
    try:
        digest, size = hash_file(file)
    except OSError:
        return EditedFile(distribution, path, None, 0)
    return EditedFile(distribution, path, digest, size)
