"""Files of columns that pyarrow reads: column by column, block by block, however each has its blocks."""

import mmap
import os
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Mapping
from functools import cached_property
from io import BytesIO
from itertools import islice
from types import MappingProxyType
from typing import Any, Final

import pyarrow
import pyarrow.feather
import pyarrow.ipc
import pyarrow.orc
import pyarrow.parquet

from ledger.compare import sniff
from ledger.compare.account import Account
from ledger.compare.base import Unfit
from ledger.compare.tables import arrow
from ledger.compare.tables.columns import Columns

_ROWS: Final = 1 << 16
"""Rows that are compared at once, at most."""
_BYTES: Final = 32 << 20
"""Bytes of rows that are read at once, about."""
_BUFFER: Final = 1 << 20
FAULTS: Final = (
    pyarrow.ArrowException,
    OSError,
    ValueError,
    LookupError,
    TypeError,
    NotImplementedError,
)
"""What pyarrow raises at one or another malformed file."""


def compare_files(expected: int, got: int, account: Account) -> None:
    """Compare two open files of one format, see `fenced.of_reader`."""
    try:
        left, right = opened(expected), opened(got)
        _compare(left, right, account)
    except MemoryError:
        raise
    except FAULTS as error:
        raise Unfit(f"no readable table: {str(error).strip().splitlines()[0][:200]}") from None


class File(ABC):
    """A file of columns."""

    format: str
    """Its name."""
    schema: Any
    form: Mapping[str, object] = MappingProxyType({})
    """What does not count, by what it is called."""
    rest: int = 0
    """How many bytes lie behind its end, where no reader looks."""

    @property
    @abstractmethod
    def rows(self) -> int:
        """How many there are, as the file says; no values are read."""

    @abstractmethod
    def column(self, name: str) -> Iterator[Any]:
        """The arrays of one column."""


class _Parquet(File):
    format = "Parquet"

    def __init__(self, path: str) -> None:
        source = pyarrow.OSFile(path)
        # Without pre-buffering, a column is read as far as it is asked for.
        self._file = pyarrow.parquet.ParquetFile(source, pre_buffer=False, buffer_size=_BUFFER)
        self.schema = self._file.schema_arrow
        told = self._file.metadata
        groups = [told.row_group(place) for place in range(told.num_row_groups)]
        self.form = {"writers": told.created_by, "row groups": [each.num_rows for each in groups]}
        width = sum(each.total_byte_size for each in groups) // max(told.num_rows, 1)
        self._rows = max(min(_BYTES // max(width, 1), _ROWS), 64)

    @property
    def rows(self) -> int:
        return int(self._file.metadata.num_rows)

    def column(self, name: str) -> Iterator[Any]:
        for batch in self._file.iter_batches(self._rows, columns=[name], use_threads=False):
            yield batch.column(name)


class _Batches(File):
    """Batches of rows in a file that is mapped."""

    def __init__(self, path: str) -> None:
        with open(path, "rb") as file:
            self._map = mmap.mmap(file.fileno(), 0, prot=mmap.PROT_READ)
        self._source = pyarrow.py_buffer(self._map)

    @abstractmethod
    def _batches(self, options: Any = None) -> Iterator[Any]:
        """All of them, one by one."""

    def column(self, name: str) -> Iterator[Any]:
        place, options = self.schema.get_field_index(name), None
        if not self._in_place:
            options = pyarrow.ipc.IpcReadOptions(included_fields=[place], use_threads=False)
            place = 0
        for batch in self._batches(options):
            for part in _pieces(batch.column(place)):
                yield part
                self._map.madvise(mmap.MADV_DONTNEED)  # what was read need not stay in memory

    @cached_property
    def _in_place(self) -> bool:
        """Whether a batch takes no memory of its own: nothing is compressed. A chosen column always does."""
        before = pyarrow.total_allocated_bytes()
        try:
            batch = next(self._batches(), None)
        except MemoryError:
            return False
        return bool(pyarrow.total_allocated_bytes() == before and batch is not None)


class _Arrow(_Batches):
    format = "Arrow"

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self._whole = pyarrow.ipc.open_file(self._source)
        self.schema = self._whole.schema
        self.form = {"batches": self._whole.num_record_batches}

    @property
    def rows(self) -> int:
        # Behind its first eight bytes, a file is a stream of messages.
        counts = _row_counts(pyarrow.BufferReader(self._source[8:]))
        return sum(islice(counts, self._whole.num_record_batches))

    def _batches(self, options: Any = None) -> Iterator[Any]:
        file = pyarrow.ipc.open_file(self._source, options=options)
        return map(file.get_batch, range(file.num_record_batches))


class _Stream(_Batches):
    format = "Arrow stream"

    def __init__(self, path: str) -> None:
        super().__init__(path)
        with pyarrow.ipc.open_stream(self._source) as stream:
            self.schema = stream.schema
        file = pyarrow.BufferReader(self._source)
        self._counts = list(_row_counts(file))
        self.form = {"batches": len(self._counts)}
        self.rest = self._source.size - file.tell()

    @property
    def rows(self) -> int:
        return sum(self._counts)

    def _batches(self, options: Any = None) -> Iterator[Any]:
        with pyarrow.ipc.open_stream(self._source, options=options) as stream:
            yield from stream


def _row_counts(file: Any) -> Iterator[int]:
    """Of each batch of a stream; no values are read."""
    nothing = pyarrow.schema([])
    for message in pyarrow.ipc.MessageReader.open_stream(file):
        if message.type == "record batch":
            yield pyarrow.ipc.read_record_batch(message, nothing).num_rows


class _Feather(File):
    """Feather before it was Arrow: columns that lie in the file as they do in memory."""

    format = "Feather 1"

    def __init__(self, path: str) -> None:
        self._table = pyarrow.feather.read_table(path, memory_map=True, use_threads=False)
        self.schema = self._table.schema

    @property
    def rows(self) -> int:
        return int(self._table.num_rows)

    def column(self, name: str) -> Iterator[Any]:
        for chunk in self._table.column(name).chunks:
            yield from _pieces(chunk)


def _pieces(array: Any) -> Iterator[Any]:
    """A column as it lies in a file, in parts that are compared at once."""
    array.validate(full=True)  # offsets are believed otherwise
    for start in range(0, len(array), _ROWS):
        yield array[start : start + _ROWS]


class _Orc(File):
    format = "ORC"

    def __init__(self, path: str) -> None:
        self._file = pyarrow.orc.ORCFile(pyarrow.OSFile(path))
        self.schema = self._file.schema
        self.form = {"stripes": self._file.nstripes, "writers": self._file.software_version}

    @property
    def rows(self) -> int:
        return int(self._file.nrows)

    def column(self, name: str) -> Iterator[Any]:
        for number in range(self._file.nstripes):
            yield self._file.read_stripe(number, columns=[name]).column(0)


_FORMATS: Final[dict[str, Callable[[str], File]]] = {
    "application/vnd.apache.parquet": _Parquet,
    "application/vnd.apache.arrow.file": _Arrow,
    "application/vnd.apache.arrow.stream": _Stream,
    "application/x-feather": _Feather,
    "application/x-orc": _Orc,
}


def opened(descriptor: int) -> File:
    """The file behind a descriptor; one of `FAULTS` is raised where it is none of these."""
    kind = sniff.media_type(BytesIO(os.pread(descriptor, sniff.HEAD, 0)))
    if kind not in _FORMATS:
        raise ValueError("it begins like none")
    return _FORMATS[kind](f"/proc/self/fd/{descriptor}")


def _compare(left: File, right: File, account: Account) -> None:
    if left.rest or right.rest:
        raise Unfit("more behind its end")
    if left.format != right.format:
        account.differ("", f"formats {left.format} and {right.format}")
    for what in left.form:
        if left.form[what] != right.form.get(what, left.form[what]):
            account.ignore(what)
    if left.schema.metadata != right.schema.metadata:
        account.ignore("schema metadata")
    names = [list(each.schema.names) for each in (left, right)]
    for side in names:
        if len(set(side)) < len(side):
            raise Unfit("two columns have one name")
    for name in dict.fromkeys((*names[0], *names[1])):
        if name not in names[0] or name not in names[1]:
            account.only(name, first=name in names[0])
    shared = [name for name in names[0] if name in names[1]]
    if shared != [name for name in names[1] if name in names[0]]:
        account.differ("columns", "another order")
    columns = Columns(account)
    counts = [0, 0]
    for name in shared:
        kinds = [_kind(each.schema.field(name).type) for each in (left, right)]
        if kinds[0] != kinds[1]:
            account.differ(name, f"types {kinds[0]} and {kinds[1]}")
        counts = [0, 0]
        for one, other in _side_by_side(left.column(name), right.column(name)):
            if one is not None and other is not None:
                arrow.compare(name, counts[0] + 1, one, other, columns)
            counts = [counts[0] + len(one or ()), counts[1] + len(other or ())]
    columns.close()
    if counts[0] != counts[1]:
        account.differ("rows", f"{counts[0]} and {counts[1]}")


def _kind(kind: Any) -> Any:
    """The type of the values, however they are laid out."""
    return arrow.plain(pyarrow.nulls(0, kind)).type if not _is_time(kind) else kind


def _is_time(kind: Any) -> bool:
    return bool(pyarrow.types.is_temporal(kind))


def _side_by_side(left: Iterator[Any], right: Iterator[Any]) -> Iterator[tuple[Any, Any]]:
    """Blocks of the same rows of both; None where one has no more."""
    one: Any = ()
    other: Any = ()
    while True:
        one, other = _filled(one, left), _filled(other, right)
        count = min(_ROWS, len(one) or _ROWS, len(other) or _ROWS)
        if not len(one) and not len(other):
            return
        yield one[:count] if len(one) else None, other[:count] if len(other) else None
        one, other = one[count:], other[count:]


def _filled(rest: Any, arrays: Iterator[Any]) -> Any:
    return rest if len(rest) else next((each for each in arrays if len(each)), ())
