"""A wheel put together again from the files that it was installed as: the same files, the same RECORD.

It is no copy of the wheel that was installed, which nobody keeps, but installs the same: what installers
write themselves is left out, and the archive is a function of its files.
"""

import os
import shutil
import subprocess
import zipfile
from base64 import urlsafe_b64encode
from itertools import product
from pathlib import Path
from stat import S_IFREG
from typing import Final, NamedTuple

from ledger.capture.deep import hashed
from ledger.capture.metadata import INSTALLERS_OWN, normalised
from ledger.capture.record_rows import Row, record_rows, sha256

_LONG_AGO: Final = (1980, 1, 1, 0, 0, 0)
_BLOCK: Final = 1 << 20
_LEVELS: Final = 3
"""Directories from where packages lie up to their environment: ``lib/python3.11/site-packages``."""


class NoWheel(Exception):
    """Why an installed distribution makes no wheel, in a few words."""


class _Member(NamedTuple):
    """A file of the archive."""

    name: str
    source: str
    content: bytes | None
    """What it holds, where that is not what `source` does."""
    hash: str
    """As a RECORD has it."""
    size: str


def build(site: Path, info: str, target: Path) -> str:
    """Write the wheel of an installed distribution.

    Parameters
    ----------
    site
        The directory of packages that it is installed in.
    info
        Name of its ``.dist-info`` there.
    target
        The new file.

    Returns
    -------
    str
        The name that the wheel has to have for installers.

    Raises
    ------
    NoWheel
        If it cannot be put together; `target` is not written.
    OSError
        If a file cannot be read or written.
    """
    rows = record_rows(f"{site}/{info}/RECORD")
    if rows is None:
        raise NoWheel("no RECORD")
    name = _file_name(site / info)
    members = [each for each in (_member(site, info, row) for row in rows) if each is not None]
    _check(members)
    members = [each if each.content is None else _rehashed(each) for each in members]
    members.sort(key=lambda each: (each.name.startswith(f"{info}/"), each.name))
    record = f"{info}/RECORD"
    text = "".join(f"{_quoted(each.name)},{each.hash},{each.size}\n" for each in members) + f"{record},,\n"
    try:
        content = text.encode()
    except UnicodeEncodeError as error:
        raise NoWheel("a file's name is no UTF-8") from error
    with zipfile.ZipFile(target, "x", zipfile.ZIP_STORED) as archive:
        for each in members:
            _add(archive, each)
        archive.writestr(_entry(record, 0o644), content)
    return name


def _member(site: Path, info: str, row: Row) -> _Member | None:
    """The file of a RECORD's row in the archive; None for what installers make themselves."""
    path = row.path
    if path.startswith(f"{info}/") and path[len(info) + 1 :] in INSTALLERS_OWN:
        return None
    if path.endswith(".pyc") and "__pycache__" in path.split("/"):
        return None
    source, content = os.path.join(site, path), None
    data = f"{info.removesuffix('.dist-info')}.data"
    bare = path
    while bare.startswith("../"):
        bare = bare.removeprefix("../")
    levels = (len(path) - len(bare)) // 3
    if os.path.isabs(bare) or ".." in bare.split("/"):
        raise NoWheel(f"a file in an odd place ({path})")
    if levels and bare.startswith(("bin/", "Scripts/")):
        script = bare.partition("/")[2]
        if script in _commands(site / info):
            return None
        bare, content = f"{data}/scripts/{script}", _as_shipped(source, site)
    elif levels:
        if levels != _LEVELS:
            raise NoWheel(f"a file outside of the environment ({path})")
        bare = f"{data}/data/{bare}"
    return _Member(name=bare, source=source, content=content, hash=row.hash, size=row.size)


def _commands(info: Path) -> set[str]:
    """Names of the commands that each installer writes anew."""
    names: set[str] = set()
    section = ""
    try:
        lines = (info / "entry_points.txt").read_text("utf-8", "replace").splitlines()
    except OSError:
        return names
    for line in map(str.strip, lines):
        if line.startswith("["):
            section = line.strip("[]").strip()
        elif section in ("console_scripts", "gui_scripts") and "=" in line and not line.startswith("#"):
            names.add(line.partition("=")[0].strip())
    return names


def _as_shipped(script: str, site: Path) -> bytes | None:
    """A script with the first line that installers look for, where one has put its own there."""
    with open(script, "rb") as file:
        first = file.readline()
        if not first.startswith(b"#!"):
            return None
        if first.strip() == b"#!/bin/sh":
            second = file.readline()
            if not second.startswith(b"'''exec'") or file.readline().strip() != b"' '''":
                return None
        elif not _is_own(os.fsdecode(first[2:].split(None, 1)[0]) if first[2:].strip() else "", site):
            return None
        return b"#!python\n" + file.read()


def _is_own(interpreter: str, site: Path) -> bool:
    """Whether a script names the Python of the environment that it lies in."""
    directory, name = os.path.split(interpreter)
    prefix = site.parents[_LEVELS - 1] / "bin"
    return name.startswith("python") and os.path.realpath(directory) == os.path.realpath(prefix)


def _check(members: list[_Member]) -> None:
    """See that all files are there and hold what was installed."""
    expected: dict[str, bytes] = {}
    for each in members:
        if not os.path.isfile(each.source):
            raise NoWheel(f"a file is missing ({each.name})")
        digest = sha256(Row(each.name, each.hash, each.size))
        if digest is not None:
            expected[each.source] = digest
    found = dict(hashed(list(expected)))
    for path, digest in expected.items():
        if found.get(path) != digest:
            raise NoWheel(f"edited after installation ({os.path.basename(path)})")


def _rehashed(member: _Member) -> _Member:
    content = member.content or b""
    done = subprocess.run(["sha256sum"], input=content, capture_output=True, check=True)
    digest = urlsafe_b64encode(bytes.fromhex(done.stdout[:64].decode("ascii"))).rstrip(b"=").decode("ascii")
    return member._replace(hash=f"sha256={digest}", size=str(len(content)))


def _file_name(info: Path) -> str:
    fields: dict[str, list[str]] = {}
    for file, wanted in (("METADATA", ("name", "version")), ("WHEEL", ("tag",))):
        try:
            lines = (info / file).read_text("utf-8", "replace").splitlines()
        except OSError as error:
            raise NoWheel(f"no {file}") from error
        for line in lines:
            key, colon, value = line.partition(":")
            if not colon:
                break  # the text behind the fields
            if key.lower() in wanted:
                fields.setdefault(key.lower(), []).append(value.strip())
    tags = {tuple(tag.split("-")) for tag in fields.get("tag", ())}
    if not tags or any(len(tag) != 3 for tag in tags):
        raise NoWheel("it does not say what it runs on")
    sets = [sorted({tag[place] for tag in tags}) for place in range(3)]
    if set(product(*sets)) != tags:
        # A name can only tell all combinations: one would say that it runs where it does not.
        sets = [[part] for part in max(tags)]
    name = normalised(fields["name"][0]).replace("-", "_")
    version = fields["version"][0].replace("-", "_")
    whole = "-".join((name, version, *(".".join(each) for each in sets))) + ".whl"
    if "/" in whole or len(whole.encode()) > 255:
        raise NoWheel("its name is none that a file can have")
    return whole


def _entry(name: str, mode: int) -> zipfile.ZipInfo:
    entry = zipfile.ZipInfo(name, _LONG_AGO)
    entry.create_system = 3  # Unix: the mode counts
    entry.external_attr = (S_IFREG | mode) << 16
    return entry


def _add(archive: zipfile.ZipFile, member: _Member) -> None:
    with open(member.source, "rb") as file:
        status = os.fstat(file.fileno())
        entry = _entry(member.name, 0o755 if status.st_mode & 0o100 else 0o644)
        if member.content is not None:
            archive.writestr(entry, member.content)
            return
        entry.file_size = status.st_size
        with archive.open(entry, "w") as writing:
            shutil.copyfileobj(file, writing, _BLOCK)


def _quoted(path: str) -> str:
    return '"' + path.replace('"', '""') + '"' if set(path) & set(',"\r\n') else path
