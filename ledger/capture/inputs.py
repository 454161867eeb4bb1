"""What a trial read: the files that it opened as they were before, and what is not known of them."""

import os
import stat
from collections.abc import Callable, Iterable
from pathlib import Path
from typing import Final, NamedTuple

from ledger.capture import directories
from ledger.capture.accesses import Access, Watched, Watching
from ledger.capture.choice import Held, choose, held
from ledger.capture.credentials import holds_credentials, looks_like_credentials
from ledger.capture.known import Known
from ledger.capture.places import Places, Rules, is_source
from ledger.capture.put import Put
from ledger.capture.recorder import CHANGED, CREDENTIALS, UNREADABLE, WITHHELD, Content, Recorder, sought
from ledger.capture.secrets import Secrets
from ledger.capture.spelling import Spelling
from ledger.capture.walk import FileStat, Scan, named, raw, text
from ledger.model import Artifact, ArtifactRole, HealthLine, HealthState, Mode
from ledger.model.media import media_type

__all__ = ["PART", "Held", "Inputs", "held", "inputs"]

PART: Final = "inputs"
_MOST_LINKS: Final = 40


class Inputs(NamedTuple):
    """What was read."""

    artifacts: tuple[Artifact, ...]
    """Sorted by path; those that were declared among them."""
    complete: bool
    """Whether that is known to be all, each with a digest."""
    health: HealthLine


def inputs(
    watched: Watched,
    *,
    places: Places,
    put: Put,
    known: Known,
    recorded: Callable[[str], Held | None] = lambda _: None,
    declared: tuple[Artifact, ...] = (),
    edited: Iterable[str] = (),
    before: Scan | None = None,
    max_bytes: int | None = None,
    secrets: Secrets | None = None,
) -> Inputs:
    """Say which files were inputs, and store what they held before the trial changed them.

    Parameters
    ----------
    watched
        What was seen of the trial's files.
    places
        Where data lies, and where not.
    put
        Takes the content.
    known
        Digests from earlier reads; the caller saves it.
    recorded
        What the snapshots of code and products hold, see `held`.
    declared
        Inputs that were recorded before the start: they stay as they are.
    edited
        Absolute paths of installed files that are not as they were installed: inputs, wherever they lie.
    before
        The root before the start.
    max_bytes
        A larger file is recorded by its digest only; None for no limit.
    secrets
        A file that holds one of these is recorded by its digest only.

    Raises
    ------
    StorageError
        If the store's disk refuses.
    """
    gathering = _Gathering(watched, places, put, known, recorded, before, max_bytes, sought(secrets))
    gathering.declare(declared)
    for access in choose(watched.accesses, gathering.rules, gathering.spelling, frozenset(edited)):
        gathering.take(gathering.spelling.recorded(access.path), access)
    artifacts = directories.group(gathering.taken.values(), put=put, root=places.root)
    return Inputs(artifacts, gathering.complete(), gathering.health())


class _Gathering:
    """What was taken so far, and what went wrong."""

    def __init__(
        self,
        watched: Watched,
        places: Places,
        put: Put,
        known: Known,
        recorded: Callable[[str], Held | None],
        before: Scan | None,
        max_bytes: int | None,
        secrets: tuple[bytes, ...],
    ) -> None:
        self.watched, self.recorded, self.before, self.max_bytes = watched, recorded, before, max_bytes
        self.spelling = Spelling(places.root)
        self.rules = Rules(places, self.spelling.real_root)
        self.recorder = Recorder(root=Path(places.root), put=put, known=known, secrets=secrets)
        self.taken: dict[str, Artifact] = {}
        self.given: tuple[str, ...] = ()
        self.changed: list[str] = []
        self.credentials: list[str] = []
        self.pipes: list[str] = []
        self.code: list[str] = []

    def declare(self, declared: tuple[Artifact, ...]) -> None:
        """Keep what was recorded before the start."""
        self.taken = {each.path: each for each in declared}
        self.given = tuple(each.path + "/" for each in declared if directories.is_group(each))

    def take(self, path: str, access: Access) -> None:
        """Take what a recorded path held, and what it led to."""
        for _ in range(_MOST_LINKS):
            if path in self.taken or path.startswith(self.given) or self._is_new(path):
                return
            if looks_like_credentials(path):
                self._without_content(path, access)
                return
            file = raw(self.spelling.absolute(path))
            try:
                result = os.lstat(file)
            except (FileNotFoundError, NotADirectoryError):
                self._past(path, access)
                return
            except OSError:
                self.recorder.unreadable.append(path)
                self._add(path, Content(Mode.FILE, 0, None, UNREADABLE))
                return
            status = FileStat.of(result)
            if not status.is_link:
                self._regular(path, status, access)
                return
            if self._is_code(path) is None and not self._is_made(path):
                self._add(path, self.recorder.link(path, status))
            try:
                target = text(os.path.join(os.path.dirname(file), os.readlink(file)))
            except OSError:
                return  # it vanished; as a link it is recorded
            path = self.spelling.recorded(target)
            absolute = self.spelling.absolute(path)
            if not self.rules.is_input(absolute) or not self.rules.is_input(self.spelling.resolved(absolute)):
                return

    def complete(self) -> bool:
        """Whether nothing was missed."""
        watched = self.watched
        seen = watched.by in (Watching.TRACER, Watching.OUTER) and not watched.gaps and not watched.network
        problems = (self.changed, self.code, self.pipes, self.recorder.unreadable, self.recorder.changing)
        return seen and not any(problems) and all(each.digest is not None for each in self.taken.values())

    def health(self) -> HealthLine:
        """What is missing, in one line."""
        watched = self.watched
        reasons: list[str] = []
        why = f": {watched.fallback}" if watched.fallback else ""
        if watched.by is Watching.PROBE:
            reasons.append(f"only what Python opened is known{why}")
        elif watched.by is Watching.NONE:
            reasons.append(f"files that it opens by itself are not watched{why}")
        reasons += watched.gaps[:3]
        if len(watched.gaps) > 3:
            reasons.append(f"and {len(watched.gaps) - 3} more reasons like these")
        lists = {
            "it was connected to other machines, and what came from there is not recorded": watched.network,
            "changed while the trial ran, before they could be read": self.changed,
            "changed after the code was recorded, before the program read them": self.code,
            "changed while they were recorded": self.recorder.changing,
            "not readable": self.recorder.unreadable,
            "named pipes, whose content is not recorded": self.pipes,
            "by path only, since they look like credentials": self.credentials,
            WITHHELD: self.recorder.secret,
        }
        for reason, paths in lists.items():
            if paths:
                reasons.append(f"{reason}: {named(list(dict.fromkeys(paths)))}")
        state = HealthState.PARTIAL if reasons else HealthState.COMPLETE
        return HealthLine(part=PART, state=state, reason="; ".join(reasons) or None)

    def _is_new(self, path: str) -> bool:
        """Whether a path was made since the start, where nobody watched who made it."""
        return self.watched.by is Watching.PROBE and self._is_made(path)

    def _is_made(self, path: str) -> bool:
        """Whether the scan of the root before the start shows that a path was not there."""
        before = self.before
        if before is None or before.problems or path[0] == "/":
            return False
        while path:
            if path in before.files or path in before.skipped or path in before.special:
                return False
            path = path.rpartition("/")[0]
        return True

    def _is_code(self, path: str) -> Held | None:
        """What the snapshot holds of a path that is code, not data."""
        found = self.recorded(path)
        if found is None or found.product or found.entry.digest is None:
            return None
        mode = found.entry.mode
        return found if mode in (Mode.EXECUTABLE, Mode.LINK) or is_source(path) else None

    def _code(self, path: str, access: Access) -> None:
        if not self._as_recorded(path, access):
            self.code.append(path)

    def _regular(self, path: str, status: FileStat, access: Access) -> None:
        if self._is_code(path) is not None:
            self._code(path, access)
            return
        if not status.is_regular:
            if stat.S_ISFIFO(status.mode):
                self.pipes.append(path)
            elif access.before is not None and access.before.is_regular:
                self._past(path, access)
            return
        if access.saved is not None or not self._as_it_was(path, status, access):
            self._past(path, access)
        elif self.recorder.known.get(path, status) is None and holds_credentials(
            raw(self.spelling.absolute(path)), status.size
        ):
            self._without_content(path, access)
        elif self.max_bytes is not None and status.size > self.max_bytes:
            self._add(path, self.recorder.name_only(path, status))
        else:
            self._add(path, self.recorder.file(path, status))

    def _as_it_was(self, path: str, status: FileStat, access: Access) -> bool:
        was = access.before
        if was is None:
            was = self.before.files.get(path) if self.before is not None else None
        if was is None or was.is_link:
            return not access.written
        return _same(was, status)

    def _as_recorded(self, path: str, access: Access) -> bool:
        """Whether a file was as the scan before the start found it, when the trial came to it."""
        was, scanned = access.before, self.before.files.get(path) if self.before is not None else None
        return was is None or scanned is None or scanned.is_link or _same(was, scanned)

    def _past(self, path: str, access: Access) -> None:
        """Take what a file held that is another by now, or gone."""
        if self._is_code(path) is not None:
            self._code(path, access)
            return
        was = access.before
        if was is None and self.before is not None:
            was = self.before.files.get(path)
        if was is not None and not was.is_regular:
            return
        mode = Mode.EXECUTABLE if was is not None and was.executable else Mode.FILE
        if access.saved is not None:
            saved = Path(os.fsdecode(raw(access.saved)))
            content = self.recorder.copy(path, saved, max_bytes=self.max_bytes, mode=mode)
            if content is not None:
                self._add(path, content)
                return
        entry = found.entry if (found := self.recorded(path)) is not None else None
        if entry is not None and entry.digest is not None and self._as_recorded(path, access):
            self._add(path, Content(entry.mode, entry.size, entry.digest, entry.omitted))
            return
        size = 0 if was is None else was.size
        digest = None if was is None else self.recorder.known.get(path, was)
        if digest is not None:
            self._add(path, Content(mode, size, digest, None if self.recorder.put.has(digest) else CHANGED))
            return
        self.changed.append(path)
        self._add(path, Content(mode, size, None, CHANGED))

    def _without_content(self, path: str, access: Access) -> None:
        found = self.recorded(path)
        if found is not None and not found.product and (entry := found.entry).digest is not None:
            self._add(path, Content(entry.mode, entry.size, entry.digest, entry.omitted))
            return
        self.credentials.append(path)
        self._add(path, Content(Mode.FILE, access.before.size if access.before else 0, None, CREDENTIALS))

    def _add(self, path: str, content: Content | None) -> None:
        if content is None:
            self.changed.append(path)
            content = Content(Mode.FILE, 0, None, CHANGED)
        self.taken[path] = Artifact(
            role=ArtifactRole.INPUT,
            path=path,
            digest=content.digest,
            size=content.size,
            mode=content.mode,
            media_type=media_type(path),
            omitted=content.omitted,
        )


def _same(one: FileStat, other: FileStat) -> bool:
    return (one.size, one.mtime_ns, one.inode) == (other.size, other.mtime_ns, other.inode)
