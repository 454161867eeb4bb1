"""tar archives member by member: times, owners and order do not count; nothing is extracted."""

import struct
import tarfile
from collections import Counter
from io import SEEK_END
from typing import IO, BinaryIO, Final, cast

from ledger.compare import nested
from ledger.compare.base import Comparison, Tolerance, Unfit
from ledger.compare.content import of_comparison

_MOST_MEMBERS: Final = 100_000
_LONGEST_HEADER: Final = 1 << 20
"""Bytes of what is read at once: a pax header says itself how long it is."""
FAULTS: Final = (
    tarfile.TarError,
    ValueError,
    LookupError,
    OverflowError,
    RecursionError,
    EOFError,
    struct.error,
)
"""What `tarfile` raises at one or another malformed header."""
_OWNER: Final = ("uid", "gid", "uname", "gname")
_DEVICES: Final = (tarfile.CHRTYPE, tarfile.BLKTYPE)


def _compare(expected: BinaryIO, got: BinaryIO, tolerance: Tolerance) -> Comparison:
    found = nested.Members(tolerance)
    try:
        with opened(expected) as left, opened(got) as right:
            sides = _members(left, _size(expected)), _members(right, _size(got))
            for name in dict.fromkeys((*sides[0], *sides[1])):
                if name not in sides[0] or name not in sides[1]:
                    found.only(name, first=name in sides[0])
                    continue
                one, other = sides[0][name], sides[1][name]
                if _compare_headers(name, one, other, found) and one.isreg():
                    contents = _content(left, one), _content(right, other)
                    found.content(name, nested.compare(*contents, tolerance))
            both = [[name for name in side if name in sides[0] and name in sides[1]] for side in sides]
            if both[0] != both[1]:
                found.ignore("orders of members")
    except FAULTS as error:
        raise Unfit(f"no readable tar archive: {error}") from None
    return found.comparison()


compare = of_comparison(_compare)
"""Compare two tar archives, which are not compressed, by their members."""


class _Careful:
    """Passes on what is read of a file, and refuses to read much at once."""

    def __init__(self, file: BinaryIO) -> None:
        self.tell, self.seek, self.seekable, self._file = file.tell, file.seek, file.seekable, file

    def read(self, size: int) -> bytes:
        if not 0 <= size <= _LONGEST_HEADER:
            raise tarfile.ReadError(f"a header of {size} bytes")
        return self._file.read(size)


def opened(file: BinaryIO) -> tarfile.TarFile:
    """An archive that is not packed, of which no header is read at once that is too long."""
    file.seek(0)
    return tarfile.open(fileobj=cast(IO[bytes], _Careful(file)), mode="r:", errors="surrogateescape")


def _members(archive: tarfile.TarFile, size: int) -> dict[str, tarfile.TarInfo]:
    """By name; a name that comes again is followed by how often it came before."""
    found: dict[str, tarfile.TarInfo] = {}
    seen: Counter[str] = Counter()
    total = 0
    for member in archive:
        if len(found) >= _MOST_MEMBERS:
            raise Unfit(f"more than {_MOST_MEMBERS} members")
        if member.size < 0:
            raise Unfit("a member has a negative size")
        total += member.size
        nested.check_size(size, total)  # holes make a member larger than its archive
        before = seen[member.name]
        seen[member.name] += 1
        found[f"{member.name} ({before + 1})" if before else member.name] = member
    return found


def _compare_headers(name: str, one: tarfile.TarInfo, other: tarfile.TarInfo, found: nested.Members) -> bool:
    """Whether both are of one kind, so that their contents can be compared."""
    if one.mtime != other.mtime:
        found.ignore("time stamps")
    if any(getattr(one, each) != getattr(other, each) for each in _OWNER):
        found.ignore("owners")
    if one.mode != other.mode:
        found.differ(name, f"modes {one.mode:o} and {other.mode:o}")
    kinds = [tarfile.REGTYPE if each.isreg() else each.type for each in (one, other)]
    if kinds[0] != kinds[1]:
        found.differ(name, "another kind of member")
        return False
    if one.linkname != other.linkname:
        found.differ(name, f"links to {one.linkname} and {other.linkname}")
    if kinds[0] in _DEVICES and (one.devmajor, one.devminor) != (other.devmajor, other.devminor):
        found.differ(name, "another device")
    return True


def _content(archive: tarfile.TarFile, member: tarfile.TarInfo) -> BinaryIO:
    content = archive.extractfile(member)
    if content is None:
        raise Unfit(f"{member.name} has no content")
    return cast(BinaryIO, content)


def _size(file: BinaryIO) -> int:
    return file.seek(0, SEEK_END)
