"""Make a recorded environment again with uv, or take the one of today."""

import os
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path

from ledger import fs
from ledger.capture import environment as capturing
from ledger.capture.environment import CapturedEnvironment, EditableInstall
from ledger.capture.interpreter import FoundInterpreter
from ledger.errors import IncomparableError
from ledger.model import Difference, Distribution, Environment, HealthState, Interpreter
from ledger.model.codec import digest_of
from ledger.model.frozen import frozen
from ledger.ops.base_python import base_python
from ledger.ops.drift import differences
from ledger.ops.installed import damaged, wrong_content
from ledger.ops.installer import CURRENT, Installer
from ledger.ops.kept_wheels import KeptWheels, write_origin
from ledger.ops.layer import Layer
from ledger.ops.requirements import is_systems, pinned, requirement

_PACKAGE = Path(__file__).absolute().parents[1]
_COMPLETE = "complete"
"""Written last, so that a build that was killed is never taken for a whole one."""


@frozen
class Recreated:
    """An environment that was made again."""

    python: Path | None
    """Its interpreter; None where the recorded command used no Python that was found."""
    environment: Environment
    """As captured from it; the variables are the recorded ones."""
    differences: tuple[Difference, ...]
    """How it differs from the recorded one; empty where it is the same."""


def recreate(
    environment: Environment,
    interpreter: Interpreter | None,
    *,
    cache: Path,
    variables: Mapping[str, str],
    directory: Path,
    editable: Sequence[EditableInstall] = (),
    sources: Mapping[str, Path] | None = None,
    layer: Path | None = None,
    kept: KeptWheels | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Recreated:
    """Make an environment again, or take the one that was made before.

    Packages from an index, an archive or a git repository are installed by uv with exactly the recorded
    versions, in ``cache/NAME``, NAME being the digest of the environment without its variables. What an
    operating system or conda installed is taken from the recorded base interpreter, where that still has it.
    Packages that lie in directories come into a layer of their own in front of it.

    Parameters
    ----------
    environment
        As recorded.
    interpreter
        As recorded: its base is the first candidate, if it still has the recorded version.
    cache
        Directory of all environments that were made again; many processes may use it at once.
    variables
        The user's own, of today.
    directory
        Where the project lies, for the settings that say where packages come from.
    editable
        Editable installs and where they lie now.
    sources
        Distribution → directory, for what was installed from a directory and is no editable install.
    layer
        Directory, not there yet, for `editable` and `sources`; needed if there are any.
    kept
        Wheels that need no index. What they do not have, or what of them is gone, comes from one.
    progress
        Called with what is being done, for people.

    Raises
    ------
    IncomparableError
        If there is no such Python, or packages cannot be had; the cause names them.
    StorageError
        If the disk refuses.
    """
    if environment.python is None:
        return Recreated(python=None, environment=environment, differences=())
    has_ledger = interpreter is not None and interpreter.has_ledger
    own = replace(environment, variables=())
    name = digest_of(own).hex() + ("-ledger" if has_ledger else "")
    place = cache / name
    fs.make_directory(cache)
    captures = _Captures(derived=cache / "derived", home=variables.get("HOME"))
    build = _Build(environment=own, place=place, has_ledger=has_ledger, captures=captures, kept=kept)
    prefix = os.path.dirname(os.path.dirname(interpreter.executable)) if interpreter else None
    with fs.explained(place), _alone(cache / f"{name}.lock", progress):
        captured = build.whole()
        if captured is None:
            uv = Installer.find(variables, directory, prefix)
            base = base_python(environment, interpreter, uv, variables, captures.derived)
            captured = build.build(uv, base, progress)
    python = place / "bin/python"
    if editable or sources:
        if layer is None:
            raise ValueError("editable installs and sources need a layer")
        uv = Installer.find(variables, directory, prefix)
        with fs.explained(layer):
            Layer(under=place, place=layer).make(uv, editable, sources or {})
        python = layer / "bin/python"
        captured = captures.of(python)
    now = replace(captured.environment, variables=environment.variables)
    return Recreated(python=python, environment=now, differences=differences(environment, now))


def current(
    environment: Environment,
    found: FoundInterpreter,
    *,
    variables: Mapping[str, str],
    root: Path,
    cache: Path,
) -> Recreated:
    """Take today's environment of the command instead, and say how far it has drifted.

    Parameters
    ----------
    environment
        As recorded.
    found, variables, root, cache
        As for `ledger.capture.environment.capture`.
    """
    captured = capturing.capture(found, variables=variables, root=root, cache=cache)
    # Its variables are the recorded ones all the same: today's are no drift.
    now = replace(captured.environment, variables=environment.variables)
    return Recreated(
        python=found.executable if captured.interpreter else None,
        environment=now,
        differences=differences(environment, now),
    )


@frozen
class _Captures:
    derived: Path
    home: str | None

    def of(self, python: Path) -> CapturedEnvironment:
        """The environment of `python`, untouched by today's variables; the user's own packages need HOME."""
        found = FoundInterpreter(executable=python, directory=python.parent)
        variables = {} if self.home is None else {"HOME": self.home}
        return capturing.capture(found, variables=variables, root=python.parent.parent, cache=self.derived)


@frozen
class _Build:
    environment: Environment
    place: Path
    has_ledger: bool
    captures: "_Captures"
    kept: KeptWheels | None

    @property
    def python(self) -> Path:
        return self.place / "bin/python"

    def whole(self) -> CapturedEnvironment | None:
        """What was made before, if it is as it was made; None if it must be made."""
        try:
            made = (self.place / _COMPLETE).read_text()
        except (OSError, UnicodeDecodeError):
            return None
        captured = self.captures.of(self.python)
        if made != str(digest_of(captured.environment)) or damaged(captured.sites[0]):
            return None
        if self.kept is not None:
            there = {each.name for each in captured.environment.distributions}
            if not self.kept.names <= there:
                return None  # it was made for a trial that kept none
        if self.has_ledger:
            self._link(captured)  # this package may have moved since
        return captured

    def build(self, uv: Installer, base: str, progress: Callable[[str], None]) -> CapturedEnvironment:
        """Make it in its place, since its scripts name it; what a killed build left is cleared before."""
        count = len(self.environment.distributions)
        progress(f"making an environment: Python {self.environment.python}, {count} packages")
        (self.place / _COMPLETE).unlink(missing_ok=True)
        fs.remove_tree(self.place)  # uv clears nothing that has not become an environment yet
        system = any(is_systems(each) for each in self.environment.distributions)
        uv.make(self.place, base, system_packages=system)
        there = set(self.captures.of(self.python).environment.distributions) if system else set()
        wanted = [each for each in self.environment.distributions if each not in there]
        installed = self._from_kept(uv, wanted, progress)
        wanted = [each for each in wanted if each.name not in installed]
        lines = {each.name: line for each in wanted if (line := requirement(each)) is not None}
        uv.install(self.python, list(lines.values()))
        captured = self.captures.of(self.python)
        if captured.health.state is HealthState.ABSENT:
            raise IncomparableError(
                "the environment cannot be made again", cause=captured.health.reason, hint=CURRENT
            )
        self._cure(uv, captured, lines, progress)
        if self.has_ledger:
            self._link(captured)
        captured = self.captures.of(self.python)
        fs.sync_file_system(self.place)
        fs.replace(self.place / _COMPLETE, str(digest_of(captured.environment)).encode())
        return captured

    def _from_kept(
        self, uv: Installer, wanted: Sequence[Distribution], progress: Callable[[str], None]
    ) -> set[str]:
        """Install what was kept, and return its names; an index is not asked for these."""
        if self.kept is None:
            return set()
        folder = self.place / "wheels"
        try:
            found, problems = self.kept.restore({each.name for each in wanted}, folder)
            for each in problems:
                progress(each)
            chosen = [each for each in wanted if each.name in found]
            uv.install_wheels(self.python, list(map(pinned, chosen)), folder)
        except IncomparableError as error:
            progress(f"the wheels that were kept cannot be installed here: {error.cause}")
            return set()
        finally:
            fs.remove_tree(folder)
        site = self.captures.of(self.python).sites[0]
        for distribution in chosen:
            write_origin(site, distribution)
        return {each.name for each in chosen}

    def _cure(
        self,
        uv: Installer,
        captured: CapturedEnvironment,
        lines: Mapping[str, str],
        progress: Callable[[str], None],
    ) -> None:
        """Fetch anew what uv's cache no longer has as it was: it shares its files with other environments."""
        wrong = sorted(wrong_content(captured.sites[0]) & lines.keys())
        if not wrong:
            return
        progress(f"uv's cache has been changed: fetching {', '.join(wrong)} anew")
        options = [f"--reinstall-package={name}" for name in wrong]
        uv.install(self.python, [lines[name] for name in wrong], "--no-cache", *options)
        still = sorted(wrong_content(captured.sites[0]) & set(wrong))
        if still:
            raise IncomparableError(
                "the environment cannot be made again",
                cause=f"the files of {', '.join(still)} are not those that its RECORD lists, even when new",
                hint=CURRENT,
            )

    def _link(self, captured: CapturedEnvironment) -> None:
        """Let ``import ledger`` find this package, and nothing else of where it lies."""
        link = captured.sites[0] / "ledger"
        target = str(_PACKAGE)
        if not link.is_symlink() or os.readlink(link) != target:
            beside = link.with_name(f".ledger.{os.getpid()}")
            beside.symlink_to(target)
            beside.replace(link)


@contextmanager
def _alone(path: Path, progress: Callable[[str], None]) -> Iterator[None]:
    """Hold the lock of one environment; who has to wait for it is told so."""
    taken = fs.try_lock(path)
    if taken is None:
        progress("waiting for another process that makes the same environment")
        with fs.locked(path):
            yield
        return
    try:
        yield
    finally:
        os.close(taken)
