"""Pickles and joblib files by the values that they say; the order of sets and of keys does not count."""

import lzma
import tempfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from typing import BinaryIO, Final, cast

from ledger.compare.account import Account, joined
from ledger.compare.archives.compressed import blocks_of
from ledger.compare.base import Unfit
from ledger.compare.leaves import Leaf, compare_sides, of_content
from ledger.compare.parts import size_of
from ledger.compare.pickled.pickle_arrays import wrapped
from ledger.compare.pickled.pickle_machine import Machine
from ledger.compare.pickled.pickle_values import leaves_of

_MOST_UNPACKED: Final = 1 << 30
_MOST_RATIO: Final = 200
_IN_MEMORY: Final = 16 << 20
_PACKED: Final[dict[bytes, Callable[[BinaryIO], Iterator[bytes]]]] = {
    b"BZh": blocks_of,
    b"\xfd7zXZ\0": blocks_of,
    b"\x5d\x00": lambda file: _blocks(cast(BinaryIO, lzma.LZMAFile(file))),  # noqa: SIM115
}
"""How files begin that joblib has compressed, and what reads them. Those of zlib are told by their sum."""


def read(file: BinaryIO, place: str = "") -> Iterator[tuple[str, Leaf]]:
    """Values of the pickles in a file, one behind the other."""
    size, number = size_of(file), 0
    while file.tell() < size:
        value = Machine(file, wrapped).load()
        here = file.tell()
        yield from leaves_of(value, joined(place, f"pickle {number}" if number else ""))
        file.seek(here)
        number += 1
        if number > 1000:
            raise Unfit("more than 1000 pickles")
    if not number:
        raise Unfit("no pickle")


def _compare(expected: BinaryIO, got: BinaryIO, account: Account) -> None:
    with ExitStack() as stack:
        sides = [_unpacked(each, stack) for each in (expected, got)]
        compare_sides(read(sides[0]), read(sides[1]), account)


def _unpacked(file: BinaryIO, stack: ExitStack) -> BinaryIO:
    head = file.read(6)
    file.seek(0)
    starts = [each for each in _PACKED if head.startswith(each)]
    zipped = head[:2] == b"\x1f\x8b" or (head[:1] == b"\x78" and int.from_bytes(head[:2], "big") % 31 == 0)
    if not starts and not zipped:
        return file
    spool = tempfile.SpooledTemporaryFile(_IN_MEMORY)  # noqa: SIM115 - the stack closes it
    unpacked = cast(BinaryIO, stack.enter_context(spool))
    most = max(_MOST_UNPACKED, _MOST_RATIO * size_of(file))
    try:
        for block in _PACKED[starts[0]](file) if starts else _inflated(file):
            unpacked.write(block)
            if unpacked.tell() > most:
                raise Unfit(f"a compressed file that holds more than {most} bytes")
    except (OSError, EOFError, zlib.error, lzma.LZMAError, ValueError) as error:
        raise Unfit(f"it cannot be unpacked: {error}") from None
    unpacked.seek(0)
    return unpacked


def _blocks(file: BinaryIO) -> Iterator[bytes]:
    while block := file.read(1 << 20):
        yield block


def _inflated(file: BinaryIO) -> Iterator[bytes]:
    """What a stream of zlib or gzip holds; not by `gzip`, which reads padding without end byte by byte."""
    machine = zlib.decompressobj(zlib.MAX_WBITS | 32)
    while not machine.eof and (packed := file.read(1 << 16)):
        while packed and not machine.eof:
            yield machine.decompress(packed, 1 << 20)
            packed = machine.unconsumed_tail
    if not machine.eof:
        raise EOFError("it ends early")


compare = of_content(_compare)
