"""What the probe's audit hooks told of files: outside input, united to one row a path."""

import os
from typing import Any, NamedTuple

from ledger.capture import spooled_lines as lines
from ledger.capture.spooled_lines import Unfit

MOST = 500_000
"""Different paths, programs and addresses each that are kept."""
_LETTERS = "rwxd"


class Touched(NamedTuple):
    """What was done to one path, as the audit hook of one process or several told it."""

    path: str
    """Absolute, where the process knew its working directory."""
    flags: str
    """Letters: r read, w written, x executed, d removed."""
    time: int | None
    """UTC in nanoseconds when it was first looked at, which is done before it is changed; None if never."""
    stamp: tuple[int, ...] | None
    """What it was then: (mode, size, mtime_ns, ctime_ns, inode); None if not there, or never looked at."""


class Started(NamedTuple):
    """A program that a Python process started."""

    by: int
    """Process id."""
    executable: str
    argv: tuple[str, ...]


class Touches:
    """Collects ``files`` events."""

    def __init__(self) -> None:
        self.touched: dict[str, Touched] = {}
        self.started: dict[Started, None] = {}
        self.network: dict[str, None] = {}
        self.whole = True

    def take(self, document: dict[str, Any], process: int) -> bool:
        """Take an event in; False if it, or what came before it, is not all that there was.

        Raises
        ------
        Unfit
            If it is no such event.
        """
        cwd = lines.optional_text(document, "cwd") or ""
        for path in lines.texts(document.get("read") or []):
            self._touch(Touched(path=os.path.join(cwd, path), flags="r", time=None, stamp=None))
        for row in _list(document.get("seen") or []):
            self._touch(_touched(row, cwd))
        for row in _list(document.get("programs") or []):
            if not isinstance(row, list) or len(row) != 2:
                raise Unfit("a program that is no pair")
            (executable,) = lines.texts(row[:1])
            started = Started(by=process, executable=executable, argv=tuple(lines.texts(row[1])))
            self._keep(self.started, started, None)
        for address in lines.texts(document.get("network") or []):
            self._keep(self.network, address, None)
        return self.whole and not document.get("lost")

    def _touch(self, new: Touched) -> None:
        old = self.touched.get(new.path)
        if old is None:
            self._keep(self.touched, new.path, new)
        elif new.flags != old.flags or new.time is not None:
            flags = "".join(each for each in _LETTERS if each in old.flags + new.flags)
            earlier = new.time is not None and (old.time is None or new.time < old.time)
            self.touched[new.path] = (new if earlier else old)._replace(flags=flags)

    def _keep(self, known: dict[Any, Any], key: Any, new: Any) -> None:
        if key not in known and len(known) >= MOST:
            self.whole = False
        else:
            known[key] = new


def _list(document: Any) -> list[Any]:
    if not isinstance(document, list):
        raise Unfit("no list of rows")
    return document


def _touched(row: Any, cwd: str) -> Touched:
    if not isinstance(row, list) or len(row) != 4:
        raise Unfit("a file that is no row of four")
    path, flags = lines.texts(row[:2])
    time, stamp = row[2:]
    if type(time) is not int or not (stamp is None or isinstance(stamp, list)):
        raise Unfit("a file without time or stamp")
    if stamp is not None and (len(stamp) != 5 or not all(type(each) is int for each in stamp)):
        raise Unfit("a stamp that is no row of five integers")
    return Touched(
        path=os.path.join(cwd, path),
        flags="".join(each for each in _LETTERS if each in flags),
        time=time,
        stamp=None if stamp is None else tuple(stamp),
    )
