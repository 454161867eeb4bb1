"""Contents within contents: what is packed is compared by what it is."""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import replace
from tempfile import TemporaryFile
from typing import BinaryIO, Final, cast

from ledger.compare import bytes as byte_by_byte
from ledger.compare import registry, sniff
from ledger.compare.account import Account
from ledger.compare.base import Comparison, Distance, Tolerance, Unfit
from ledger.compare.tolerances import widest

_DEEPEST: Final = 4
_MOST: Final = 16 << 30
"""Bytes that one content may unpack to."""
_FREE: Final = 256 << 20
"""Bytes that any may, however small it is packed."""
_RATIO: Final = 200
_depth: ContextVar[int] = ContextVar("depth", default=0)


def compare(expected: BinaryIO, got: BinaryIO, tolerance: Tolerance) -> Comparison:
    """Compare two packed contents, which can seek, by what they begin like.

    Raises
    ------
    Unfit
        If they are packed in too many layers.
    """
    depth = _depth.get()
    if depth >= _DEEPEST:
        raise Unfit(f"more than {_DEEPEST} layers")
    kinds = [sniff.media_type(each) for each in (expected, got)]
    inner = registry.find(kinds[0]) if kinds[0] == kinds[1] else byte_by_byte.compare
    before = _depth.set(depth + 1)
    try:
        return inner(expected, got, tolerance)
    finally:
        _depth.reset(before)


def check_size(packed: int, unpacked: int) -> None:
    """Refuse what unpacks to far more than it is.

    Raises
    ------
    Unfit
        If it does.
    """
    if unpacked > min(_MOST, max(_FREE, packed * _RATIO)):
        raise Unfit(f"it unpacks to more than {unpacked >> 20} MiB from {packed} bytes")


@contextmanager
def unpacked(blocks: Iterable[bytes], packed: int) -> Iterator[BinaryIO]:
    """A content that can seek, of `blocks`, which were `packed` bytes.

    Raises
    ------
    Unfit
        If it is too large, or there is no room for it.
    """
    with TemporaryFile(prefix="ledger-") as file:
        size = 0
        for block in blocks:
            size += len(block)
            check_size(packed, size)
            try:
                file.write(block)
            except OSError as error:
                raise Unfit(f"no room to unpack it: {error.strerror}") from None
        file.seek(0)
        yield cast(BinaryIO, file)


class Members:
    """Takes notes of the members of two archives.

    Parameters
    ----------
    tolerance
        How far apart two numbers may be.
    """

    def __init__(self, tolerance: Tolerance) -> None:
        self._account = Account(tolerance)
        self._apart: list[Distance] = []
        self._needed: list[Tolerance] = []
        self._endless = False
        self._near: list[str] = []
        self._only_numbers = True
        """Whether all that differs are numbers in members."""

    def content(self, name: str, found: Comparison) -> None:
        """Note how the content of one member compares."""
        if found.exact:
            return
        self._endless |= found.endless
        if found.distance is not None:
            self._apart.append(found.distance)
            self._needed.append(found.needed)
        if not found.same:
            self._only_numbers &= found.distance is not None
            self._account.differ(name, found.detail or "")
        elif found.distance is not None:
            self._near.append(f"{name}: {found.detail}")
        else:
            self._account.ignore("forms of the same values")

    def differ(self, name: str, detail: str) -> None:
        """Note that a member differs in something else."""
        self._only_numbers = False
        self._account.differ(name, detail)

    def only(self, name: str, *, first: bool) -> None:
        """Note what only one of the two has."""
        self._only_numbers = False
        self._account.only(name, first=first)

    def ignore(self, what: str) -> None:
        """Note that something differs that never counts."""
        self._account.ignore(what)

    def comparison(self) -> Comparison:
        """What it comes to, for archives whose bytes differ."""
        found = self._account.comparison()
        if found.same and self._near:
            more = f"; {len(self._near) - 1} more" if len(self._near) > 1 else ""
            found = replace(found, detail=self._near[0] + more)
        far = _largest(self._apart) if self._apart and self._only_numbers else None
        return replace(found, distance=far, needed=widest(self._needed), endless=self._endless)


def _largest(found: list[Distance]) -> Distance:
    ulps = [each.ulp for each in found if each.ulp is not None]
    return Distance(
        absolute=max(each.absolute for each in found),
        relative=max(each.relative for each in found),
        ulp=max(ulps) if len(ulps) == len(found) else None,
        differing=sum(each.differing for each in found),
        compared=sum(each.compared for each in found),
    )
