"""The environment of the Python that a command uses: what of it can change a result."""

import os
from collections.abc import Mapping
from pathlib import Path

from ledger.capture import variables as known
from ledger.capture.distributions import Installed, scan
from ledger.capture.facts import Facts, Unanswered, ask
from ledger.capture.inject import without_ours
from ledger.capture.interpreter import FoundInterpreter
from ledger.model import Digest, Distribution, Environment, HealthLine, HealthState, Interpreter
from ledger.model.frozen import frozen

OURS = "replay-ledger"
"""Left out: this package's own distribution."""


@frozen
class EditableInstall:
    """A directory of code that the interpreter imports from where it lies."""

    name: str
    """Of the distribution; of code that is none, ``PYTHONPATH/`` (or ``pth/``) and where it lies."""
    version: str
    """As its metadata says; empty for a directory that is no distribution."""
    path: Path
    """The project's directory."""
    paths: tuple[Path, ...]
    """Directories of it on the interpreter's path."""


@frozen
class CapturedEnvironment:
    """An environment, and what belongs to it but not into its digest."""

    environment: Environment
    interpreter: Interpreter | None
    """None where no Python was found, or it does not run."""
    editable: tuple[EditableInstall, ...]
    """Code outside of the packages' own directories, sorted by name; the root itself may be among them."""
    sites: tuple[Path, ...]
    """Directories into which the interpreter's installers put packages."""
    health: HealthLine


def capture(
    found: FoundInterpreter,
    *,
    variables: Mapping[str, str],
    allow: tuple[str, ...] = (),
    root: Path,
    cache: Path,
) -> CapturedEnvironment:
    """Describe the environment of `found`.

    Parameters
    ----------
    found
        The interpreter.
    variables
        What the child will have; what an outer trial added is left out.
    allow
        Names of further variables to record, or patterns such as ``MYLAB_*``.
    root
        Written as ``{root}`` in the values of variables.
    cache
        Directory for what is derived from the interpreter and its directories; it can be deleted.
    """
    users = without_ours(variables)
    kept = known.recorded(users, str(root), allow)
    inner = without_ours(found.variables(variables))
    facts = (
        Unanswered(reason=found.reason or "the command uses no Python that was found")
        if found.executable is None
        else ask(found.executable, found.flags, inner, found.directory, cache)
    )
    if isinstance(facts, Unanswered):
        return _without_python(kept, facts.reason)
    collected = _Collected()
    entries = inner.get("PYTHONPATH", "").split(os.pathsep)
    own_path = {os.path.normpath(os.path.join(found.directory, each)) for each in entries if each}
    for directory in facts.paths:
        collected.add(directory, cache, facts, on_own_path=directory in own_path)
    editable = {each.name: each for each in collected.editable}
    problems = collected.problems()
    others = [each for each in facts.paths if each not in (*collected.packaged, *collected.ours)]
    if others:
        from ledger.capture.local_paths import local_paths

        recorded = [str(each) for install in collected.editable for each in install.paths]
        found_paths, more = local_paths(
            others, own_path, root=root, packaged={*facts.sites, *collected.packaged, *recorded}
        )
        problems += more
        for each in found_paths:
            editable[each.name] = EditableInstall(
                name=each.name, version="", path=each.path, paths=each.paths
            )
    if os.path.isdir(f"{facts.prefix}/conda-meta"):
        problems.append("conda's packages that are no Python distributions are not recorded")
    if found.assumed and found.reason:
        problems.insert(0, found.reason)
    return CapturedEnvironment(
        environment=Environment(
            python=facts.version,
            implementation=facts.implementation,
            platform=facts.platform,
            distributions=tuple(collected.distributions[name] for name in sorted(collected.distributions)),
            variables=kept,
        ),
        interpreter=Interpreter(
            executable=str(found.executable),
            base=facts.base,
            version=facts.version,
            has_ledger=facts.has_ledger,
        ),
        editable=tuple(editable[name] for name in sorted(editable)),
        sites=tuple(map(Path, facts.sites)),
        health=HealthLine(
            part="environment",
            state=HealthState.PARTIAL if problems else HealthState.COMPLETE,
            reason="; ".join(problems) or None,
        ),
    )


class _Collected:
    """Distributions in the order of the path: the first of a name is the one that is imported."""

    def __init__(self) -> None:
        self.distributions: dict[str, Distribution] = {}
        self.editable: list[EditableInstall] = []
        self.packaged: list[str] = []
        self.places: dict[str, str] = {}
        self.twice: list[str] = []
        self.without_record: list[str] = []
        self.unreadable: list[str] = []
        self.elsewhere: list[str] = []
        self.ours: list[str] = []

    def add(self, directory: str, cache: Path, facts: Facts, *, on_own_path: bool) -> None:
        site = scan(directory, cache)
        packaged = directory in facts.sites or directory.endswith(".egg")
        if packaged or any(not each.legacy for each in site.installed):
            self.packaged.append(directory)
        self.unreadable += [each for each in site.unreadable if packaged or each.endswith(".dist-info")]
        for each in site.installed:
            if each.name == OURS:
                self.ours += each.paths
                continue
            if each.legacy and not packaged:
                # The metadata that a build leaves in its source tree: on the path by PYTHONPATH it describes
                # code, by a .pth file it is how `setup.py develop` installs.
                if on_own_path:
                    continue
                each = each._replace(origin="editable", project=directory, paths=(directory,))
            self._one(each, directory)

    def _one(self, each: Installed, directory: str) -> None:
        if each.name in self.distributions:
            if self.places[each.name] == directory and self.distributions[each.name].version != each.version:
                self.twice.append(each.name)
            return
        self.places[each.name] = directory
        self.distributions[each.name] = Distribution(
            name=each.name,
            version=each.version,
            origin=each.origin,
            record=None if each.record is None else Digest(each.record),
        )
        if each.origin == "editable":
            if each.project:
                install = EditableInstall(
                    name=each.name,
                    version=each.version,
                    path=Path(each.project),
                    paths=tuple(map(Path, each.paths)),
                )
                self.editable.append(install)
                if not install.paths:
                    self.elsewhere.append(each.name)
        elif each.record is None:
            self.without_record.append(each.name)

    def problems(self) -> list[str]:
        """What is not known of them."""
        return [
            f"{what}: {_some(sorted(names))}"
            for what, names in (
                ("without a RECORD, so that changed files would not show", self.without_record),
                ("installed twice in one directory", self.twice),
                ("metadata that name no distribution", self.unreadable),
                ("editable installs by an import finder of their own, which a replay lacks", self.elsewhere),
            )
            if names
        ]


def _some(names: list[str]) -> str:
    shown = ", ".join(names[:3])
    return shown if len(names) <= 3 else f"{shown} and {len(names) - 3} more"


def _without_python(variables: tuple[tuple[str, str], ...], reason: str) -> CapturedEnvironment:
    name = os.uname()
    library = ""
    try:
        library = (os.confstr("CS_GNU_LIBC_VERSION") or "").replace(" ", "-")
    except (ValueError, OSError):
        pass  # a system with another C library
    platform = "-".join(filter(None, [name.sysname.lower(), name.machine, library]))
    return CapturedEnvironment(
        environment=Environment(
            python=None, implementation=None, platform=platform, distributions=(), variables=variables
        ),
        interpreter=None,
        editable=(),
        sites=(),
        health=HealthLine(part="environment", state=HealthState.ABSENT, reason=reason),
    )
