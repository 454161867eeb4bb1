"""A virtual environment in front of another one, for packages that lie in directories."""

import os
import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from ledger.capture.environment import EditableInstall
from ledger.model import CodeSnapshot, Environment
from ledger.model.frozen import frozen
from ledger.ops.installer import Installer

_SCRIPT = """#!{python}
import sys
from {module} import {first}
sys.exit({function}())
"""


@frozen
class Layer:
    """The environment `place` in front of `under`, which stays as it is."""

    under: Path
    place: Path

    def make(self, uv: Installer, editable: Sequence[EditableInstall], sources: Mapping[str, Path]) -> None:
        """Make it: everything of the other one, these editable installs, and packages built from `sources`.

        An editable install is written down here rather than built: that needs no network, and leaves the
        directory as it is. Its commands and plugins are those of its pyproject.toml.

        Raises
        ------
        IncomparableError
            If uv does not manage.
        """
        versions = _configuration(self.under)
        system = versions.get("include-system-site-packages", "").lower() == "true"
        self.place.parent.mkdir(parents=True, exist_ok=True)
        uv.make(self.place, str(self.under / "bin/python"), system_packages=system)
        site, below = _site(self.place), _site(self.under)
        (site / "_under.pth").write_text(
            f"import site; site.addsitedir({str(below)!r})\n", errors="surrogateescape"
        )
        self._scripts()
        for each in editable:
            self._editable(site, each)
        for name, directory in sorted(sources.items()):
            uv.install(self.place / "bin/python", [f"{name} @ {directory.resolve().as_uri()}"])

    def _scripts(self) -> None:
        """Commands of the other environment, starting this one's Python."""
        old, new = os.fsencode(self.under / "bin"), os.fsencode(self.place / "bin")
        for each in sorted((self.under / "bin").iterdir()):
            here = self.place / "bin" / each.name
            if here.exists() or here.is_symlink() or each.name.startswith("activate"):
                continue
            with open(each, "rb") as file:
                head = file.read(2)
                if head != b"#!":
                    here.symlink_to(each)
                    continue
                content = head + file.read()
            here.write_bytes(content.replace(old + b"/python", new + b"/python"))
            here.chmod(each.stat().st_mode & 0o777)

    def _editable(self, site: Path, install: EditableInstall) -> None:
        stem = install.name.replace("-", "_").replace("/", "_")
        paths = install.paths or (install.path,)
        (site / f"__editable__.{stem}.pth").write_text(
            "".join(f"{each}\n" for each in paths), errors="surrogateescape"
        )
        if not install.version:
            return  # no distribution, but a directory that a .pth file put on the path
        project = _project(install.path)
        info = site / f"{stem}-{install.version}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {install.name}\nVersion: {install.version}\n"
        )
        (info / "INSTALLER").write_text("ledger\n")
        (info / "direct_url.json").write_text(
            f'{{"url": "{install.path.as_uri()}", "dir_info": {{"editable": true}}}}\n'
        )
        groups = {"console_scripts": _texts(project.get("scripts"))}
        groups["gui_scripts"] = _texts(project.get("gui-scripts"))
        plugins = project.get("entry-points")
        for group, entries in (plugins if isinstance(plugins, dict) else {}).items():
            groups[group] = _texts(entries)
        (info / "entry_points.txt").write_text(
            "\n".join(
                f"[{group}]\n" + "".join(f"{name} = {target}\n" for name, target in entries.items())
                for group, entries in groups.items()
                if entries
            )
        )
        (info / "RECORD").write_text(
            "".join(f"{info.name}/{each.name},,\n" for each in sorted(info.iterdir()))
        )
        for name, target in {**groups["console_scripts"], **groups["gui_scripts"]}.items():
            self._command(name, target)

    def _command(self, name: str, target: str) -> None:
        module, _, function = target.partition("[")[0].strip().partition(":")
        if not function or "/" in name:
            return
        script = self.place / "bin" / name
        script.unlink(missing_ok=True)
        script.write_text(
            _SCRIPT.format(
                python=self.place / "bin/python",
                module=module,
                first=function.partition(".")[0],
                function=function,
            )
        )
        script.chmod(0o755)


def editable_installs(
    environment: Environment, code: Sequence[CodeSnapshot], places: Mapping[str, Path]
) -> tuple[EditableInstall, ...]:
    """The recorded editable installs at the places where their code lies now.

    Parameters
    ----------
    environment
        As recorded.
    code
        The trial's snapshots. An editable distribution that has none of its own lies in the root's.
    places
        Snapshot's name → directory that holds its tree; one that is not there is left out.
    """
    snapshots = {each.name: each for each in code}
    found: list[EditableInstall] = []
    for each in environment.distributions:
        if each.origin != "editable":
            continue
        snapshot = snapshots.get(each.name) or snapshots.get(".")
        if snapshot is None or snapshot.name not in places:
            continue
        place = places[snapshot.name]
        paths = tuple(Path(os.path.normpath(place / path)) for path in snapshot.paths)
        found.append(EditableInstall(name=each.name, version=each.version, path=place, paths=paths))
    used = {each.path for each in found}
    for other in code:
        added = other.name.startswith("pth/") or (other.name == "." and other.paths)
        if added and other.name in places and places[other.name] not in used:
            place = places[other.name]
            paths = tuple(Path(os.path.normpath(place / path)) for path in other.paths)
            found.append(EditableInstall(name=other.name, version="", path=place, paths=paths))
    return tuple(found)


def _site(prefix: Path) -> Path:
    return next(iter(sorted(prefix.glob("lib/*/site-packages"))))


def _configuration(prefix: Path) -> dict[str, str]:
    lines = (prefix / "pyvenv.cfg").read_text(errors="surrogateescape").splitlines()
    return {name.strip(): value.strip() for name, _, value in (line.partition("=") for line in lines)}


def _project(directory: Path) -> dict[str, Any]:
    """The [project] table of a directory; empty where it has none that can be read."""
    try:
        with open(directory / "pyproject.toml", "rb") as file:
            project = tomllib.load(file).get("project")
    except (OSError, tomllib.TOMLDecodeError):
        return {}
    return project if isinstance(project, dict) else {}


def _texts(table: Any) -> dict[str, str]:
    return {str(name): str(each) for name, each in table.items()} if isinstance(table, dict) else {}
