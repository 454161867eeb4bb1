"""What takes time to find out is found out once for each state of the ledger."""

from collections.abc import Callable, Hashable
from threading import Lock
from typing import Any, TypeVar, cast
from weakref import WeakKeyDictionary

from ledger.errors import LedgerError
from ledger.ui.source import Source

T = TypeVar("T")

MOST = 64
"""Answers that are kept of a ledger."""

_kept: WeakKeyDictionary[Source, dict[Hashable, "_Kept"]] = WeakKeyDictionary()
_guard = Lock()


class _Kept:
    """One answer; whoever asks while it is looked for waits for it."""

    def __init__(self) -> None:
        self.lock = Lock()
        self.version: str | None = None
        self.value: Any = None
        self.error: LedgerError | None = None


def remembered(source: Source, key: Hashable, find: Callable[[], T]) -> T:
    """What `find` says, or what it said when the ledger stood as it does now; so with its `LedgerError`.

    Parameters
    ----------
    source
        The ledger.
    key
        What is asked for: the same for the same answer.
    find
        Looks for it.
    """
    with _guard:
        answers = _kept.setdefault(source, {})
        kept = answers.pop(key, None) or _Kept()
        answers[key] = kept  # the last one used is the last one to go
        while len(answers) > MOST:
            del answers[next(iter(answers))]
    with kept.lock:
        version = source.version()
        if kept.version != version:
            kept.value, kept.error = None, None
            try:
                kept.value = find()
            except LedgerError as error:
                kept.error = error
            kept.version = version
        if kept.error is not None:
            raise kept.error
        return cast("T", kept.value)
