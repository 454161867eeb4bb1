"""Metrics from TensorBoard's event files: scalars, in every form in which they are written.

A scalar is a ``simple_value``, or a tensor of one number under the plugin ``scalars`` (or none). Histograms,
images, texts and the other plugins are no metrics. Source: tensorflow/core/util/event.proto and
framework/summary.proto.
"""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple

from ledger.capture.metric_points import Columns, Unfit, appended_at, open_regular
from ledger.capture.spooled_lines import LONGEST_TEXT
from ledger.formats import Malformed, protobuf
from ledger.formats.protobuf import BYTES, FIXED32, FIXED64, VARINT, Field, fields, signed
from ledger.formats.tensorboard_values import FLOAT, Number, hyperparameter, plugin_of, tensor
from ledger.formats.tfrecord import Large, payloads

_BATCH = 1_000
"""Points between two looks at the room that is left."""
_LONGEST_KNOWN = 1_024
_MOST_KNOWN = 20_000
_MOST_SHAPES = 8
_LARGEST_VALUE = 1 << 16
"""Bytes of one value past which it is no scalar."""
_SCALARS, _HPARAMS = "scalars", "hparams"
_MOST_HPARAMS = 2_000
_SESSION_START = "_hparams_/session_start_info"

_Unpack = Callable[[bytes, int], tuple[Any, ...]]


class _Known(NamedTuple):
    """Payloads of one shape that differ in time, step and number only."""

    width: int
    """Bytes of the number."""
    rest: int
    """Bytes behind it."""
    entries: dict[bytes, tuple[Callable[[int], None], Callable[[float], None], _Unpack]]
    """What stands around the number → where step and value go, and how it is read."""


class Reader:
    """Reads the event files of one directory, one after the other, into one set of columns."""

    def __init__(self, columns: Columns) -> None:
        self.columns = columns
        self.hyperparameters: dict[str, str | float | bool] = {}
        self._plugins: dict[str, str] = {}
        self._known: list[_Known] = []
        self._left_out = 0

    def read(self, path: str, former: bytes | Path | None = None) -> None:
        """Read a file.

        Parameters
        ----------
        path
            The file.
        former
            What it held before; only records that were appended to that are read.

        Raises
        ------
        Unfit, OSError
            If it is not read, or not further: at a record that is torn or damaged. What came before counts.
        """
        file, size = open_regular(path)
        with file:
            self._left_out = 0
            try:
                self._records(file, appended_at(file, size, former), size)
            except Malformed as error:
                raise Unfit(str(error)) from error
        if self._left_out:
            self.columns.problems[f"{self._left_out} records are no events"] = None

    def _records(self, file: BinaryIO, start: int, size: int) -> None:
        """Take all records. One that looks like one before, time, step and number aside, is not parsed."""
        known, untold, take = self._known, 0, self.columns.take
        for payload in payloads(file, start, size):
            if type(payload) is not bytes:
                self._large(file, payload)  # type: ignore[arg-type]
                continue
            total = len(payload)
            if 20 < total < _LONGEST_KNOWN and payload[0] == 0x09:
                # 09 and a time of 8 bytes; 10 and the step, a varint, left out if 0; then the summary.
                begin, step = 9, 0
                if payload[9] == 0x10:
                    step = payload[10]
                    begin = 11
                    if step > 0x7F:
                        step &= 0x7F
                        shift = 7
                        while begin < 20:
                            byte = payload[begin]
                            begin += 1
                            step |= (byte & 0x7F) << shift
                            if byte < 0x80:
                                break
                            shift += 7
                        if shift > 56:
                            begin = total  # negative, or no number: for the parser
                for width, rest, entries in known:
                    cut = total - rest - width
                    entry = entries.get(payload[begin:cut] + payload[total - rest :])
                    if entry is not None:
                        add_step, add_value, unpack = entry
                        add_value(float(unpack(payload, cut)[0]))
                        add_step(step)
                        break
                else:
                    self._event(payload)
                    continue
                untold += 1
                if untold == _BATCH:
                    take(untold)
                    untold = 0
            else:
                self._event(payload)
        take(untold)

    def _event(self, payload: bytes) -> None:
        step, values, plain, begin = 0, list[tuple[int, int]](), True, 9
        try:
            for place, field in enumerate(fields(payload, 0, len(payload))):
                if field.number == 2 and field.kind == VARINT:
                    step = signed(field.value)
                    plain = plain and place == 1
                    begin = field.end
                elif field.number == 5 and field.kind == BYTES:
                    for each in fields(payload, field.start, field.end):
                        if each.number == 1 and each.kind == BYTES:
                            values.append((each.start, each.end))
                    plain = plain and field.end == len(payload)
                elif field.number != 1 or place:
                    plain = False
            for start, end in values:
                found = self._value(payload, start, end, step)
                if found is not None and plain and len(values) == 1 and found[1].start >= 0:
                    self._remember(payload, begin, *found)
        except Malformed:
            self._left_out += 1

    def _remember(self, payload: bytes, begin: int, name: str, number: Number) -> None:
        """Know payloads that differ from this one in time, step and number only."""
        column = self.columns.of.get(name)
        if column is None or not 20 < len(payload) < _LONGEST_KNOWN or payload[0] != 0x09:
            return
        after = number.start + number.kind.size
        shape = (number.kind.size, len(payload) - after)
        known = next((each for each in self._known if each[:2] == shape), None)
        if known is None:
            if len(self._known) == _MOST_SHAPES:
                return
            known = _Known(*shape, {})
            self._known.append(known)
        if len(known.entries) < _MOST_KNOWN:
            key = payload[begin : number.start] + payload[after:]
            known.entries[key] = (column[0].append, column[1].append, number.kind.unpack_from)

    def _value(self, data: bytes, start: int, end: int, step: int) -> tuple[str, Number] | None:
        """Take one value of a summary; what it was if it was a scalar."""
        name, number, inside, plugin, content = "", None, None, None, b""
        for field in fields(data, start, end):
            if field.number == 1 and field.kind == BYTES:
                name = data[field.start : field.end].decode("utf-8", "replace")
            elif field.number == 2 and field.kind == FIXED32:
                number = Number(FLOAT.unpack_from(data, field.start)[0], field.start, FLOAT)
            elif field.number == 8 and field.kind == BYTES:
                inside = (field.start, field.end)
            elif field.number == 9 and field.kind == BYTES:
                plugin, content = plugin_of(data, field.start, field.end)
        if plugin:
            if len(self._plugins) < _MOST_KNOWN:
                self._plugins.setdefault(name, plugin)
        else:
            plugin = self._plugins.get(name)  # a writer may say it once only
        if plugin == _HPARAMS:
            if name == _SESSION_START:
                self._session_start(content)
            return None
        if number is None and inside is not None and plugin in (None, _SCALARS):
            number = tensor(data, *inside)
        if number is None:
            return None
        self.columns.add(name, step, number.value)
        return name, number

    def _large(self, file: BinaryIO, record: Large) -> None:
        """Take the scalars of a record that holds much else; what is large in it is not read."""
        try:
            step, summaries = 0, []
            for field in _outline(file, record.place, record.place + record.length):
                if field.number == 2 and field.kind == VARINT:
                    step = signed(field.value)
                elif field.number == 5 and field.kind == BYTES:
                    summaries.append((field.start, field.end))
            for summary in summaries:
                for each in _outline(file, *summary):
                    if each.number == 1 and each.kind == BYTES and each.end - each.start <= _LARGEST_VALUE:
                        file.seek(each.start)
                        data = file.read(each.end - each.start)
                        self._value(data, 0, len(data), step)
        except Malformed:
            self._left_out += 1

    def _session_start(self, content: bytes) -> None:
        for field in fields(content, 0, len(content)):
            if field.number != 3 or field.kind != BYTES:
                continue
            for each in fields(content, field.start, field.end):
                if each.number == 1 and each.kind == BYTES and len(self.hyperparameters) < _MOST_HPARAMS:
                    name, value = hyperparameter(content, each.start, each.end)
                    if name and value is not None:
                        kept = value[:LONGEST_TEXT] if isinstance(value, str) else value
                        self.hyperparameters[name[:LONGEST_TEXT]] = kept


def _outline(file: BinaryIO, start: int, end: int) -> Iterator[Field]:
    """Fields of a message in a file, whose values are not read."""
    while start < end:
        file.seek(start)
        head = file.read(min(24, end - start))
        key, place = protobuf.varint(head, 0, len(head))
        number, kind, value = key >> 3, key & 7, 0
        if kind == BYTES:
            length, place = protobuf.varint(head, place, len(head))
        elif kind == VARINT:
            value, after = protobuf.varint(head, place, len(head))
            length = after - place
        elif kind in (FIXED64, FIXED32):
            length = 8 if kind == FIXED64 else 4
        else:
            raise Malformed(f"a field of kind {kind}")
        begin, start = start + place, start + place + length
        if start > end:
            raise Malformed("a field that goes past the end")
        yield Field(number, kind, begin, start, value)
