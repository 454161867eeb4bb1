"""The members of a zip archive, opened so that no archive takes much memory, disk or time."""

import io
import tempfile
import zipfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from typing import BinaryIO, Final, cast

from ledger.compare.base import Unfit
from ledger.compare.parts import Part, size_of

_MOST_DIRECTORY: Final = 8 << 20
"""Bytes of an archive's list of members, which `zipfile` reads at once."""
_MOST_BYTES: Final = 1 << 30
_MOST_RATIO: Final = 200
"""An archive whose members are larger than the first, and so many times as large as it is, is a bomb."""
_IN_MEMORY: Final = 16 << 20
_left: ContextVar[list[int] | None] = ContextVar("left", default=None)
"""Bytes that may still be unpacked in all, of archives in one another."""
_BROKEN: Final = (
    zipfile.BadZipFile,
    zlib.error,
    OSError,
    EOFError,
    NotImplementedError,
    RuntimeError,
    UnicodeError,  # of a name
)
"""What `zipfile` raises for what is damaged, encrypted, or compressed in a way that it does not know."""


@contextmanager
def bounded(size: int) -> Iterator[None]:
    """Bound what is unpacked of two archives of about so many bytes, with all that lie in them.

    Each may be no bomb by itself, and hold many others.
    """
    if _left.get() is not None:
        yield
        return
    before = _left.set([2 * max(_MOST_BYTES, _MOST_RATIO * size)])
    try:
        yield
    finally:
        _left.reset(before)


class Members:
    """The files in a zip archive, by name.

    Parameters
    ----------
    file
        The archive, which can seek.

    Raises
    ------
    Unfit
        If it is none, has a name twice, or is a bomb.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        try:
            self._archive = zipfile.ZipFile(cast(BinaryIO, _Sober(file)))
        except (*_BROKEN, ValueError, IndexError, UnicodeError, LookupError) as error:
            raise Unfit(f"no zip archive: {error}") from None
        listed = [each for each in self._archive.infolist() if not each.is_dir()]
        self.by_name = {each.filename: each for each in listed}
        if len(self.by_name) != len(listed):
            raise Unfit("the archive has a name twice")
        declared, size = sum(each.file_size for each in listed), size_of(file)
        if declared > _MOST_BYTES and declared > _MOST_RATIO * size:
            raise Unfit(f"an archive of {size} bytes that holds {declared}")
        ends = 0
        for each in sorted(listed, key=lambda each: each.header_offset):
            if each.header_offset < ends:
                raise Unfit("members of the archive overlap")
            ends = each.header_offset + each.compress_size

    @contextmanager
    def streamed(self, name: str) -> Iterator[BinaryIO]:
        """A member, to be read once from its start to its end."""
        with _explained(name), self._archive.open(self.by_name[name]) as member:
            yield cast(BinaryIO, _Declared(cast(BinaryIO, member), self.by_name[name].file_size, name))

    @contextmanager
    def opened(self, name: str) -> Iterator[BinaryIO]:
        """A member that can seek: in place if it is not compressed, else unpacked."""
        info = self.by_name[name]
        if info.compress_type == zipfile.ZIP_STORED and not info.flag_bits & 1:
            yield cast(BinaryIO, self._part(info))
            return
        left = _left.get()
        if left is not None:
            left[0] -= info.file_size
            if left[0] < 0:
                raise Unfit("archives in one another that unpack to far more than they are")
        with tempfile.SpooledTemporaryFile(_IN_MEMORY) as unpacked:
            with self.streamed(name) as member:
                while block := member.read(1 << 20):
                    unpacked.write(block)
            unpacked.seek(0)
            yield cast(BinaryIO, unpacked)

    def _part(self, info: zipfile.ZipInfo) -> Part:
        start = info.header_offset
        self._file.seek(start)
        head = self._file.read(30)
        if len(head) != 30 or head[:4] != b"PK\x03\x04":
            raise Unfit(f"{info.filename} is not where the archive says")
        begin = start + 30 + int.from_bytes(head[26:28], "little") + int.from_bytes(head[28:30], "little")
        if begin + info.compress_size > size_of(self._file) or info.compress_size != info.file_size:
            raise Unfit(f"{info.filename} ends early")
        return Part(self._file, begin, info.file_size)


@contextmanager
def _explained(name: str) -> Iterator[None]:
    try:
        yield
    except _BROKEN as error:
        raise Unfit(f"{name} cannot be unpacked: {error}") from None


class _Sober(io.RawIOBase):
    """A file of which nobody reads a lot at once."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file

    def seekable(self) -> bool:
        return True

    def tell(self) -> int:
        return self._file.tell()

    def seek(self, offset: int, whence: int = 0) -> int:
        return self._file.seek(offset, whence)

    def read(self, size: int = -1) -> bytes:
        content = self._file.read(_MOST_DIRECTORY + 1 if size < 0 else min(size, _MOST_DIRECTORY + 1))
        if len(content) > _MOST_DIRECTORY:
            raise Unfit("a list of members that is too long")
        return content


class _Declared(io.RawIOBase):
    """A member that must not be larger than its archive says."""

    def __init__(self, member: BinaryIO, size: int, name: str) -> None:
        self._member, self._left, self._name = member, size, name

    def read(self, size: int = -1) -> bytes:
        # At most a megabyte at once, since what is asked for may be what a hostile header declares.
        with _explained(self._name):
            content = self._member.read(min(size, 1 << 20) if size >= 0 else 1 << 20)
        self._left -= len(content)
        if self._left < 0:
            raise Unfit(f"{self._name} is larger than the archive says")
        return content
