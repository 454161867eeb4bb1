"""Answering a program at once though other threads of this process want to run."""

import sys
from _thread import allocate_lock
from types import TracebackType
from typing import Final

from ledger import threads

_INTERVAL_S: Final = 1e-5
"""After so long another thread gives up the interpreter; by default after 5 ms, for which each answer would
wait several times."""
_lock = allocate_lock()
_former: list[float] = []
_users: list[object] = []


class Prompt:
    """Lets threads take turns quickly while programs are served; a context manager.

    Where there is but one thread nothing is changed. Several of them at once, in different threads, are one:
    the last that leaves restores what was before.
    """

    def __enter__(self) -> "Prompt":
        if threads.others():
            with _lock:
                if not _users:
                    _former[:] = [sys.getswitchinterval()]
                    sys.setswitchinterval(min(_INTERVAL_S, _former[0]))
                _users.append(self)
        return self

    def __exit__(
        self, _kind: type[BaseException] | None, _error: BaseException | None, _trace: TracebackType | None
    ) -> None:
        with _lock:
            if self in _users:
                _users.remove(self)
                if not _users:
                    sys.setswitchinterval(_former[0])
