"""What a writer has seen of the other origins' logs: their durable prefixes, read again when they grow."""

import time
from pathlib import Path
from typing import NamedTuple

from ledger.errors import DamagedError, NewerFormatError
from ledger.journal import log, origins, state
from ledger.model import OriginHead, layout

_SETTLED = 1_000_000_000
"""Nanoseconds after which a directory that changes once more has another time."""


class _Listed(NamedTuple):
    """Which logs there were."""

    modified: int
    """Of the directory; -1 where it may have changed since without showing it."""
    logs: tuple[bytes, ...]


class Seen:
    """Reads what the other logs' heads say.

    Parameters
    ----------
    ledger
        The ledger directory.
    """

    def __init__(self, ledger: Path) -> None:
        self._ledger = ledger
        self._listed = _Listed(-1, ())
        self._heads: dict[bytes, tuple[bytes, OriginHead | None]] = {}

    def others(self, origin: bytes, modified: int) -> frozenset[OriginHead]:
        """What is durable of the logs other than `origin`'s.

        Parameters
        ----------
        origin
            The writer's own.
        modified
            When the directory of the logs was last changed, as a look before this call told it; nanoseconds.
        """
        listed = self._listed
        if listed.modified != modified:
            settled = time.time_ns() - modified > _SETTLED
            listed = _Listed(modified if settled else -1, tuple(origins.logs(self._ledger)))
            self._listed = listed
        if len(listed.logs) <= 1 and origin in listed.logs:
            return frozenset()
        heads = (self._head(each) for each in listed.logs if each != origin)
        return frozenset(head for head in heads if head is not None)

    def _head(self, origin: bytes) -> OriginHead | None:
        place = layout.log(self._ledger, origin)
        try:
            content = state.read_sheet(layout.log_head(place)) or b""
            before = self._heads.get(origin)
            if before is not None and before[0] == content:
                return before[1]
            try:
                frontier = state.decode_head(content).frontier
            except DamagedError:
                content, frontier = b"", log.look(place).frontier
        except (OSError, NewerFormatError):
            return None  # it is not seen, then
        head = OriginHead(origin=origin, size=frontier.size, root=frontier.root()) if frontier.size else None
        if content:
            self._heads[origin] = content, head
        return head
