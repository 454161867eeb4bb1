"""Which remotes a ledger has, by name."""

import json
import re
import tomllib
from pathlib import Path

from ledger import fs
from ledger.errors import DamagedError, NotFoundError, UsageError
from ledger.model import layout
from ledger.model.frozen import frozen

UPSTREAM = "upstream"
"""Name of the remote that a clone came from, or that a copy is of."""

_ID = re.compile(r"[0-9a-f]{32}")
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}")


@frozen
class Known:
    """A remote that the ledger has."""

    name: str
    url: str
    """Where it is; without secrets."""
    id: str
    """The remote's own, 32 hexadecimal digits: whatever else is put in its place is noticed."""


def known(ledger: Path) -> tuple[Known, ...]:
    """All remotes, sorted by name.

    Raises
    ------
    DamagedError
        If the file that names them cannot be read.
    """
    path = layout.remotes_file(ledger)
    try:
        document = tomllib.loads(path.read_text("utf-8"))
        tables = document.get("remote", {})
        return tuple(
            Known(name=name, url=_text(tables[name]["url"]), id=_id(tables[name]["id"]))
            for name in sorted(tables)
        )
    except FileNotFoundError:
        return ()
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, KeyError, TypeError, AttributeError) as error:
        raise DamagedError(
            f"{path} names no remotes",
            cause=f"expected tables [remote.NAME] with url and id, got {error!r}",
            hint=f"mend it, or remove it and add them again: rm {path}",
        ) from error


def named(ledger: Path, name: str | None) -> Known:
    """The remote of that name; without one, the only remote.

    Raises
    ------
    NotFoundError
        If there is none.
    UsageError
        If there are several and none is named.
    """
    found = known(ledger)
    listed = ", ".join(each.name for each in found)
    if name is None:
        if len(found) > 1:
            raise UsageError("which remote?", cause=f"there are {listed}", hint="name one of them")
        if not found:
            raise NotFoundError(
                "the ledger has no remote", hint="ledger remote add NAME URL, such as lab s3://bucket/project"
            )
        return found[0]
    for each in found:
        if each.name == name:
            return each
    raise NotFoundError(
        f"no remote {name!r}",
        cause=f"there are {listed}" if listed else "the ledger has none",
        hint=f"ledger remote add {name} URL",
    )


def check_name(ledger: Path, name: str) -> None:
    """Refuse a name for a new remote.

    Raises
    ------
    UsageError
        If it is none, or taken.
    """
    if not _NAME.fullmatch(name):
        raise UsageError(
            "a bad name of a remote",
            cause=f"expected up to 64 letters, digits, '.', '_' and '-', got {name!r}",
        )
    for each in known(ledger):
        if each.name == name:
            raise UsageError(
                f"there is a remote {name!r} already",
                cause=f"it is {each.url}",
                hint=f"ledger remote rm {name}, or choose another name",
            )


def add(ledger: Path, remote: Known) -> None:
    """Keep a remote; raises as `check_name`, for another one may have come since, and OSError."""
    with fs.locked(layout.remotes_lock(ledger)):
        check_name(ledger, remote.name)
        _write(ledger, (*known(ledger), remote))


def put(ledger: Path, remote: Known) -> None:
    """Keep a remote in the place of whatever has its name; raises DamagedError and OSError."""
    with fs.locked(layout.remotes_lock(ledger)):
        others = (each for each in known(ledger) if each.name != remote.name)
        _write(ledger, (*others, remote))


def remove(ledger: Path, name: str) -> Known:
    """Forget a remote, which itself stays as it is; raises as `named`, and OSError."""
    with fs.locked(layout.remotes_lock(ledger)):
        gone = named(ledger, name)
        _write(ledger, tuple(each for each in known(ledger) if each != gone))
    return gone


def _write(ledger: Path, remotes: tuple[Known, ...]) -> None:
    tables = [
        f"[remote.{_quoted(each.name)}]\nurl = {_quoted(each.url)}\nid = {_quoted(each.id)}\n"
        for each in sorted(remotes, key=lambda each: each.name)
    ]
    fs.replace(layout.remotes_file(ledger), "\n".join(tables).encode())


def _quoted(text: str) -> str:
    """A string of TOML: one of JSON, but that it has no surrogates, and DEL only escaped."""
    return json.dumps(text, ensure_ascii=False).replace("\x7f", "\\u007f")


def _id(value: object) -> str:
    if _ID.fullmatch(text := _text(value)) is None:
        raise TypeError(f"expected an id of 32 hexadecimal digits, got {value!r}")
    return text


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError(f"expected a text, got {value!r}")
    return value
