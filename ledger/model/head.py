"""The prefix of a ledger that was seen."""

from ledger.model.digest import Digest
from ledger.model.frozen import frozen


@frozen
class OriginHead:
    """How far one writer's log goes."""

    origin: bytes
    """The origin's id, 16 random bytes."""
    size: int
    """Entries."""
    root: Digest
    """Merkle root of the first `size` leaves."""


@frozen
class Head:
    """How far every origin's log goes, sorted by origin."""

    origins: tuple[OriginHead, ...]
    """Each origin once."""

    @property
    def size(self) -> int:
        """Entries over all origins."""
        return sum(each.size for each in self.origins)
