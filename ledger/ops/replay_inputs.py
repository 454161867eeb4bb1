"""The inputs of a trial in their places for a replay: from the store, or where they lie unchanged."""

import os
import shlex
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

from ledger.capture import directories
from ledger.capture.known import Known
from ledger.capture.put import hash_file
from ledger.capture.recorder import CREDENTIALS
from ledger.capture.walk import FileStat, text
from ledger.capture.walk import place as located
from ledger.errors import DamagedError, IncomparableError, LedgerError, NotFoundError
from ledger.model import Artifact, Digest, Environment, Mode, Trial, layout
from ledger.model.codec import decode
from ledger.model.manifest import check_path
from ledger.ops import namespace, scratch, whereabouts
from ledger.ops.execute import Bind
from ledger.ops.place import Place, moved
from ledger.workspace import Workspace

_MOST_LINKS = 40


def provide(
    workspace: Workspace,
    trial: Trial,
    tree: Path,
    place: Path,
    maps: Mapping[str, str],
    installed: tuple[str, str] | None = None,
    around: Path | None = None,
) -> tuple[tuple[Bind, ...], frozenset[str]]:
    """Put the inputs in their places.

    Those of the root come from the store into `tree`. Those from elsewhere are used where they lie; one that
    is not any more what it was is mounted over from the store, for the command alone.

    Parameters
    ----------
    workspace
        The ledger.
    trial
        The one to make again.
    tree
        Its restored code; absolute.
    place
        A directory for copies of what came from elsewhere.
    maps
        Where inputs from elsewhere lie now, by their recorded paths, or by those of directories above them;
        relative ones start at the root.
    installed
        Prefix of the recorded environment, and of the one that was made in its place: files that were edited
        there after their installation are laid over it.
    around
        What stands for ``/`` around `tree`, if that is not mounted where the root was: links there lead
        relative paths to what lies elsewhere.

    Returns
    -------
    tuple of tuple of Bind and frozenset of str
        What to mount, and the paths of the root that were filled.

    Raises
    ------
    IncomparableError
        If an input is not to be had.
    """
    providing = _Providing(workspace, trial, tree, place, maps, installed, around)
    try:
        for each in directories.expanded(trial.inputs, workspace.store.get):
            with providing.missing(each):
                providing.one(each)
    except LedgerError as error:
        if isinstance(error, IncomparableError):
            raise
        raise IncomparableError(error.message, cause=error.cause, hint=error.hint) from error
    return tuple(providing.binds), frozenset(providing.filled)


class _Providing:
    def __init__(
        self,
        workspace: Workspace,
        trial: Trial,
        tree: Path,
        place: Path,
        maps: Mapping[str, str],
        installed: tuple[str, str] | None,
        around: Path | None,
    ) -> None:
        self.workspace, self.trial, self.tree, self.place = workspace, trial, tree, place
        self.around = around
        self.maps = {
            os.path.normpath(os.path.join(trial.root, old)): os.path.abspath(new) for old, new in maps.items()
        }
        self.installed = installed
        self.known = Known.load(layout.index(workspace.directory), workspace.root)
        self.binds: list[Bind] = []
        self.filled: set[str] = set()

    @contextmanager
    def missing(self, each: Artifact) -> Iterator[None]:
        """Say of an object that the store has lost which input it was, and where its content may still be."""
        try:
            yield
        except (NotFoundError, DamagedError) as error:
            place = located(self.workspace.root, each.path)
            raise IncomparableError(
                "an input is not to be had",
                cause=f"{each.path}: {error.message}",
                hint=whereabouts.hint(self.workspace, each, place, mapped=False) or error.hint,
            ) from error

    def one(self, each: Artifact) -> None:
        """Provide one file or link, where its path says and nowhere else."""
        check_path(each.path.removeprefix("/"))
        if self.installed is not None and self._full(each.path).startswith(self.installed[0] + "/"):
            self._edited(each, self.installed)
        else:
            path = each.path if each.path.startswith("/") else self._led(each.path)
            if not path.startswith("/"):
                self._inside(each, path)
            elif each.mode != Mode.LINK and each.digest is not None:
                self._outside(each, each.digest, path)

    def _led(self, path: str) -> str:
        """Where a path of the root is by the restored tree's links to directories; absolute if outside."""
        root = self.trial.root.rstrip("/")
        for _ in range(_MOST_LINKS):
            for number in range(1, path.count("/") + 1):
                above = "/".join(path.split("/")[:number])
                link = located(self.tree, above)
                if link.is_symlink():
                    break
            else:
                return path
            target = text(os.readlink(os.fsencode(link)))
            start = os.path.normpath(os.path.join(root, os.path.dirname(above), target))
            path = f"{start}{path[len(above) :]}"
            if not path.startswith(f"{root}/"):
                return path
            path = path[len(root) + 1 :]
        raise IncomparableError(
            "an input is not to be had",
            cause=f"{path} lies behind more than {_MOST_LINKS} links",
            hint="record the trial again",
        )

    def _full(self, path: str) -> str:
        return path if path.startswith("/") else f"{self.workspace.root}/{path}"

    def _edited(self, each: Artifact, installed: tuple[str, str]) -> None:
        """Lay an edited file over the one that was installed again."""
        if each.digest is None or each.omitted is not None or each.mode == Mode.LINK:
            return  # the environment's health line has said so; what was installed has to do
        target = installed[1] + self._full(each.path)[len(installed[0]) :]
        if os.path.isfile(target) and self._digest(target, Path(target)) != each.digest:
            self._over(each, each.digest, Path(target))

    def _over(self, each: Artifact, digest: Digest, target: Path) -> None:
        copy = self.place / str(len(self.binds))
        copy.parent.mkdir(exist_ok=True)
        self.workspace.store.restore(digest, copy, executable=each.mode == Mode.EXECUTABLE)
        self.binds.append(Bind(source=str(copy), target=str(target.resolve())))

    def _inside(self, each: Artifact, path: str) -> None:
        target = located(self.tree, path)
        if os.path.lexists(target):
            return
        target.parent.mkdir(parents=True, exist_ok=True)
        if each.omitted == CREDENTIALS and self.workspace.foreign:
            return  # whoever recorded it says what is run; the file is the user's
        if each.omitted == CREDENTIALS:
            source = located(self.workspace.root, each.path)
            if source.is_file():
                scratch.copy(source, target)  # today's, as today's variables stand for recorded secrets
        elif each.digest is None:
            raise IncomparableError(
                "an input is not to be had",
                cause=f"what {each.path} held was not recorded: {each.omitted}",
                hint="record the trial again",
            )
        elif each.mode == Mode.LINK:
            os.symlink(self.workspace.store.get(each.digest), os.fsencode(target))
        elif each.omitted is None:
            executable = each.mode == Mode.EXECUTABLE
            self.workspace.store.restore(each.digest, target, executable=executable)
        else:
            self._copy_present(each, target)
        self.filled.add(each.path)

    def _copy_present(self, each: Artifact, target: Path) -> None:
        """Take a file that was recorded by its digest only from where it was, if it is still the same."""
        source = located(self.workspace.root, each.path)
        if self._digest(each.path, source) == each.digest:
            scratch.copy(source, target)
            return
        if each.digest is not None and self.workspace.store.has(each.digest):
            # Another trial has made it, or read it under another limit.
            self.workspace.store.restore(each.digest, target, executable=each.mode == Mode.EXECUTABLE)
            return
        raise IncomparableError(
            "an input is not to be had",
            cause=f"{each.path} was recorded by its digest only, and {source} is not that file any more",
            hint=whereabouts.hint(self.workspace, each, source, mapped=False)
            or f"put the file with digest {each.digest} back at {source}",
        )

    def _outside(self, each: Artifact, digest: Digest, place: str) -> None:
        mapped = self._mapped(place)
        path = located(Path("/"), mapped or place)
        found = self._digest(text(os.fsencode(path)), path)
        if found == digest:
            if mapped is not None:
                self._lead(digest, place, path)
            self._link(place, path)
            return
        # Only what is there can be mounted over.
        if mapped is None and each.omitted is None and path.is_file() and _can_mount():
            self._over(each, digest, path)
            self._link(place, path)
            return
        raise IncomparableError(
            "an input from outside the root is not what it was",
            cause=f"{path}: expected {digest}, got {found or 'no file'}",
            hint=self._to_be_had(each, place)
            if mapped is None
            else "name the file that it was: --map OLD=NEW",
        )

    def _lead(self, digest: Digest, place: str, path: Path) -> None:
        """Lead a program to where an input lies now, which may know by itself where it lay."""
        there = located(Path("/"), place)
        if self._digest(text(os.fsencode(there)), there) == digest:
            return
        if there.is_file() and _can_mount():
            self.binds.append(Bind(source=str(path.resolve()), target=str(there.resolve())))
        elif self.around is None and not self._names(place):
            raise IncomparableError(
                "an input from outside the root is not where it was",
                cause=f"{there}: the command does not name it, so that --map cannot lead it to {path}",
                hint=f"put it back: cp {shlex.quote(str(path))} {shlex.quote(str(there))}",
            )

    def _link(self, place: str, path: Path) -> None:
        """Let relative paths lead to an input from elsewhere."""
        if self.around is not None:
            link = located(self.around, place.lstrip("/"))
            link.parent.mkdir(parents=True, exist_ok=True)
            if not os.path.lexists(link):
                link.symlink_to(path)

    def _names(self, place: str) -> bool:
        """Whether the command, or a variable of it, has a path that is written anew for this input."""
        environment = decode(Environment, self.workspace.store.get(self.trial.environment))
        words = (*self.trial.intent.argv, *(value for _, value in environment.variables))
        root, directory = Path(self.trial.root), Path(self.trial.intent.directory)
        maps = [pair for pair in self.maps.items() if f"{place}/".startswith(f"{pair[0]}/")]
        stand = Place(root=self.tree, directory=directory, replacing=moved(maps, root, directory))
        return any(stand.rewritten(word) != word for word in words)

    def _mapped(self, path: str) -> str | None:
        """Where a file lies now, as far as somebody said so."""
        start = path
        while start != "/":
            if start in self.maps:
                return self.maps[start] + path[len(start) :]
            start = os.path.dirname(start)
        return None

    def _to_be_had(self, each: Artifact, place: str) -> str:
        moved = f"--map {place}=NEW says where it lies now"
        if each.omitted is not None or (each.digest and not self.workspace.store.has(each.digest)):
            return whereabouts.hint(self.workspace, each, located(Path("/"), place), mapped=True) or moved
        named, there = shlex.quote(each.path), shlex.quote(place)
        return f"put it back: ledger cat {self.trial.id.short} {named} > {there}, or {moved}"

    def _digest(self, path: str, file: Path) -> Digest | None:
        """Digest of a file as it is now; known ones are not read again."""
        try:
            status = FileStat.of(os.stat(file))
            if not status.is_regular:
                return None
            return self.known.get(path, status) or hash_file(file)[0]
        except OSError:
            return None


def unchanged(workspace: Workspace, inputs: tuple[Artifact, ...]) -> bool:
    """Whether each input still is what it was.

    Raises
    ------
    LedgerError
        If the list of a directory's files cannot be read.
    """
    known = Known.load(layout.index(workspace.directory), workspace.root)
    for each in directories.expanded(inputs, workspace.store.get):
        file = located(workspace.root, each.path)
        try:
            if each.mode == Mode.LINK:
                same = Digest.of(os.readlink(os.fsencode(file))) == each.digest
            else:
                status = FileStat.of(os.stat(file))
                found = known.get(each.path, status) or hash_file(file)[0]
                same = status.is_regular and found == each.digest
        except OSError:
            return False
        if not same:
            return False
    return True


def _can_mount() -> bool:
    return namespace.available() is None
