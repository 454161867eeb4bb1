"""Files as inputs and outputs: what changed, and what a named path holds."""

import os
import stat
from collections.abc import Iterable
from pathlib import Path

from ledger.capture import directories
from ledger.capture.credentials import holds_credentials, looks_like_credentials
from ledger.capture.known import Known
from ledger.capture.put import Put
from ledger.capture.recorder import CREDENTIALS, WITHHELD, Content, Recorder, sought
from ledger.capture.secrets import Secrets
from ledger.capture.walk import FileStat, Scan, named, place, raw, scan, shown, text
from ledger.model import Artifact, ArtifactRole, Mode
from ledger.model.manifest import path_key
from ledger.model.media import media_type

__all__ = ["WITHHELD", "FileStat", "Scan", "artifacts", "changed", "media_type", "removed", "scan"]


def changed(before: Scan, after: Scan) -> list[str]:
    """Regular files and links that are new or were written, sorted.

    A file was written if its kind, size, inode, time of modification or executable bit is another. The time
    of change alone says nothing: it moves when a file gets another owner, permission or hard link.
    """
    found = []
    for path, now in after.files.items():
        was = before.files.get(path)
        if now != was and (was is None or _look(now) != _look(was)):
            found.append(path)
    return sorted(found, key=path_key)


def removed(before: Scan, after: Scan) -> list[str]:
    """Regular files and links that are gone, sorted."""
    return sorted(before.files.keys() - after.files.keys(), key=path_key)


def _look(status: FileStat) -> tuple[int, bool, int, int, int]:
    return stat.S_IFMT(status.mode), status.executable, status.size, status.mtime_ns, status.inode


def artifacts(
    root: Path,
    paths: Iterable[str],
    role: ArtifactRole,
    *,
    put: Put,
    max_bytes: int | None = None,
    follow: bool = False,
    known: Known | None = None,
    secrets: Secrets | None = None,
    group: bool = False,
) -> tuple[tuple[Artifact, ...], list[str]]:
    """Store files and say what they are.

    Parameters
    ----------
    root
        Relative paths start here; a file that lies beneath it is recorded by its path from here.
    paths
        Files, links, or directories, whose files are then taken one by one.
    role
        What they are to the trial. An input whose name looks like credentials is recorded by its path only.
    put
        Takes the content.
    max_bytes
        A larger file is recorded by its digest only; None for no limit.
    follow
        Whether what a link leads to is taken too, beside the link itself.
    known
        Digests from earlier reads; the caller saves it.
    secrets
        A file that holds one of these is recorded by its digest only.
    group
        Whether directories stand for very many files, see `directories.group`.

    Returns
    -------
    tuple of tuple of Artifact and list of str
        The artifacts, sorted by path, each once; and what could not be recorded, in words.

    Raises
    ------
    StorageError
        If the store's disk refuses.
    """
    recorder = Recorder(
        root=root, put=put, known=Known() if known is None else known, secrets=sought(secrets)
    )
    taking = _Taking(recorder=recorder, role=role, max_bytes=max_bytes, follow=follow)
    for path in paths:
        taking.take(_recorded(root, path))
    problems = taking.problems
    for reason, which in (
        ("not readable", recorder.unreadable),
        ("changed while read", recorder.changing),
        (WITHHELD, recorder.secret),
    ):
        if which:
            problems.append(f"{reason}: {named(which)}")
    found = tuple(sorted(taking.taken.values(), key=lambda each: path_key(each.path)))
    if group:
        found = directories.group(found, put=put, root=os.path.abspath(root))
    return found, problems


class _Taking:
    """What was taken so far."""

    def __init__(
        self, *, recorder: Recorder, role: ArtifactRole, max_bytes: int | None, follow: bool
    ) -> None:
        self.recorder = recorder
        self.role = role
        self.max_bytes = max_bytes
        self.follow = follow
        self.taken: dict[str, Artifact] = {}
        self.problems: list[str] = []

    def take(self, path: str) -> None:
        """Take whatever lies at `path`; a link before what it leads to, so that no circle is endless."""
        if path in self.taken:
            return
        file = place(self.recorder.root, path)
        try:
            result = os.lstat(file)
        except FileNotFoundError:
            self.problems.append(f"{shown(path)}: there is no such file")
            return
        except OSError as error:
            self.problems.append(f"{shown(path)}: {error.strerror}")
            return
        status = FileStat.of(result)
        if stat.S_ISDIR(result.st_mode):
            self._take_directory(path, file)
        elif status.is_link:
            self._add(path, self.recorder.link(path, status))
            if self.follow and path in self.taken:
                self._take_target(path, file)
        elif status.is_regular:
            self._add(path, self._content(path, status))
        else:
            self.problems.append(f"{shown(path)}: no regular file")

    def _take_directory(self, path: str, directory: Path) -> None:
        found = scan(directory)
        self.problems += (f"{shown(path)}: {problem}" for problem in found.problems)
        self.problems += (f"{shown(path)}/{shown(name)}: {kind}" for name, kind in found.special.items())
        for name in sorted(found.files, key=path_key):
            self.take(name if path == "." else f"{path}/{name}")

    def _take_target(self, path: str, file: Path) -> None:
        place_of_link = os.path.realpath(file.parent)
        try:
            target = os.path.join(place_of_link, os.readlink(file))
        except OSError as error:
            self.problems.append(f"{shown(path)}: {error.strerror}")
            return
        if _beneath(os.path.realpath(target), place_of_link):
            self.problems.append(f"{shown(path)}: leads to a directory above itself")
            return
        self.take(_recorded(self.recorder.root, _decoded(target)))

    def _content(self, path: str, status: FileStat) -> Content | None:
        if self.role is ArtifactRole.INPUT and (
            looks_like_credentials(path) or holds_credentials(place(self.recorder.root, path), status.size)
        ):
            return Content(Mode.FILE, status.size, None, CREDENTIALS)
        if self.max_bytes is not None and status.size > self.max_bytes:
            return self.recorder.name_only(path, status)
        return self.recorder.file(path, status)

    def _add(self, path: str, content: Content | None) -> None:
        if content is None:
            self.problems.append(f"{shown(path)}: it vanished")
            return
        self.taken[path] = Artifact(
            role=self.role,
            path=path,
            digest=content.digest,
            size=content.size,
            mode=content.mode,
            media_type=media_type(path),
            omitted=content.omitted,
        )


def _recorded(root: Path, path: str) -> str:
    """The form in which `path` is recorded: from the root where it lies beneath it, else absolute.

    A path beneath the root by its spelling stays as it is spelt, even if it leads out through a link: so a
    replay can put the file where the program looks for it.
    """
    base = os.path.abspath(root)
    full = os.path.join(base, os.fsdecode(raw(path)))
    if ".." not in full.split("/"):
        full = os.path.normpath(full)
        if _beneath(base, full):
            return _decoded(os.path.relpath(full, base))
    # A link may lie before the "..", or the root may be reached by another way: ask the file system.
    full = os.path.join(os.path.realpath(os.path.dirname(full)), os.path.basename(full))
    full = os.path.normpath(full)
    real = os.path.realpath(base)
    return _decoded(os.path.relpath(full, real) if _beneath(real, full) else full)


def _beneath(base: str, path: str) -> bool:
    """Whether `path` is `base` or lies in it."""
    return path == base or path.startswith(base.rstrip("/") + "/")


def _decoded(path: str) -> str:
    return text(os.fsencode(path))
