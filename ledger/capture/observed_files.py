"""Files that Python processes touched, from what the probe's audit hook told: where no tracer was."""

import os
from collections.abc import Callable

from ledger.capture.accesses import Access, Program, Watched, Watching
from ledger.capture.events import Events
from ledger.capture.touched import Touched
from ledger.capture.walk import FileStat


def watched(
    events: Events, *, fallback: str | None = None, is_there: Callable[[str], bool] = os.path.exists
) -> Watched:
    """Return what was seen of a trial's files from inside of Python.

    A program that a Python process started has the process id 0: the probe does not learn it.

    Parameters
    ----------
    events
        Of the trial's processes.
    fallback
        Why there was no better way of watching.
    is_there
        Whether a path is there now: what was only read was not looked at while the program ran.
    """
    return Watched(
        by=Watching.PROBE,
        accesses=tuple(access for each in events.touched if (access := _access(each, is_there)) is not None),
        programs=(
            *(
                Program(
                    pid=each.pid, parent=each.ppid or 0, executable=each.executable, argv=(each.executable,)
                )
                for each in events.processes
            ),
            *(
                Program(pid=0, parent=each.by, executable=each.executable, argv=each.argv)
                for each in events.started
            ),
        ),
        network=tuple(each for each in events.network if not each.endswith(":53")),  # names are asked there
        fallback=fallback,
    )


def _access(each: Touched, is_there: Callable[[str], bool]) -> Access | None:
    """None for what was never there: an open that failed."""
    written = "w" in each.flags or "d" in each.flags
    existed = each.stamp is not None if each.time is not None else is_there(each.path)
    if not existed and not written:
        return None
    return Access(
        path=each.path,
        read="r" in each.flags or "x" in each.flags,
        written=written,
        existed=existed,
        before=_before(each.stamp) if each.stamp is not None else None,
        executed="x" in each.flags,
    )


def _before(stamp: tuple[int, ...]) -> FileStat:
    mode, size, mtime_ns, ctime_ns, inode = stamp
    return FileStat(mode=mode, size=size, mtime_ns=mtime_ns, ctime_ns=ctime_ns, inode=inode)
