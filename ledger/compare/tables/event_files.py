"""TensorBoard's event files: tags, steps and values, whenever and wherever they were written.

Source: tensorflow/core/util/event.proto and framework/summary.proto;
tensorboard/plugins/hparams/plugin_data.proto.
"""

from array import array
from collections.abc import Iterator
from itertools import zip_longest
from typing import BinaryIO, Final

import numpy
from blake3 import blake3

from ledger.compare.account import Account
from ledger.compare.base import Unfit
from ledger.compare.leaves import of_content
from ledger.compare.numbers import apart
from ledger.formats import Malformed
from ledger.formats.protobuf import BYTES, FIXED32, VARINT, fields, signed
from ledger.formats.tensorboard_values import FLOAT, Number, hyperparameter, plugin_of, tensor
from ledger.formats.tfrecord import Large, payloads

_MOST_POINTS: Final = 5_000_000
_MOST_TAGS: Final = 50_000
_LONGEST_TAG: Final = 1_000
_LARGEST: Final = 32_000_000
"""Bytes of one record."""
_WALL_TIME = 0x09
"""How an event begins; 8 bytes follow."""
_OTHERS = {3: "file version", 4: "graph", 6: "log message", 7: "session log", 9: "meta graph", 10: "source"}
"""What else events hold, by field; the order of these does not count."""
_RUN_METADATA = 8
_HPARAMS = "hparams"


class Tag:
    """What was written under one tag."""

    def __init__(self) -> None:
        self.steps = array("q")
        self.values = array("d")
        """One for each step."""
        self.single = True
        """Whether all values had 32 bits."""
        self.payloads: list[tuple[int, bytes]] = []
        """(step, digest) of what is no number."""


class Events:
    """The content of one event file."""

    def __init__(self) -> None:
        self.tags: dict[str, Tag] = {}
        self.others: list[tuple[str, bytes]] = []
        """(what, digest)."""
        self.hyperparameters: dict[str, str | float | bool | None] = {}
        self.run_metadata = 0
        self._points = 0

    def add(self, payload: bytes) -> None:
        """Take one event."""
        step, values = 0, list[tuple[int, int]]()
        for field in fields(payload, 0, len(payload)):
            if field.number == 2 and field.kind == VARINT:
                step = signed(field.value)
            elif field.number == 5 and field.kind == BYTES:
                inside = fields(payload, field.start, field.end)
                values += [
                    (each.start, each.end) for each in inside if each.number == 1 and each.kind == BYTES
                ]
            elif field.number == _RUN_METADATA:
                self.run_metadata += 1
            elif field.number in _OTHERS:
                self._take_room()
                self.others.append((_OTHERS[field.number], _digest(payload[field.start : field.end])))
        for start, end in values:
            self._value(payload, start, end, step)

    def _value(self, data: bytes, start: int, end: int, step: int) -> None:
        name, number, inside, rest, plugin, content = "", None, None, [], None, b""
        for field in fields(data, start, end):
            if field.number == 1 and field.kind == BYTES:
                name = data[field.start : field.end].decode("utf-8", "replace")[:_LONGEST_TAG]
                continue
            if field.number == 2 and field.kind == FIXED32:
                number = Number(FLOAT.unpack_from(data, field.start)[0], field.start, FLOAT)
                continue
            if field.number == 8 and field.kind == BYTES:
                inside = (field.start, field.end)
            elif field.number == 9 and field.kind == BYTES:
                plugin, content = plugin_of(data, field.start, field.end)
                if plugin == _HPARAMS:
                    continue
            rest.append(field)
        self._take_room()
        if name not in self.tags and len(self.tags) >= _MOST_TAGS:
            raise Unfit(f"it has more than {_MOST_TAGS} tags")
        if plugin == _HPARAMS:
            self._plugin_data(content)
        if number is None and inside is not None:
            number = tensor(data, *inside)
            if number is not None:
                rest = [each for each in rest if each.number != 8]
        tag = self.tags.setdefault(name, Tag())
        if number is not None:
            tag.steps.append(step)
            tag.values.append(number.value)
            tag.single = tag.single and number.kind is FLOAT
        if rest:
            digests = (b"%d %b" % (each.number, _digest(data[each.start : each.end])) for each in rest)
            tag.payloads.append((step, _digest(b"".join(digests))))

    def _plugin_data(self, content: bytes) -> None:
        """Take the hyperparameters; times, which are all else that is in there and differs, are not taken."""
        for field in fields(content, 0, len(content)):
            if field.number == 3 and field.kind == BYTES:
                for each in fields(content, field.start, field.end):
                    if each.number == 1 and each.kind == BYTES:
                        self._take_room()
                        name, value = hyperparameter(content, each.start, each.end)
                        self.hyperparameters[name] = value

    def _take_room(self) -> None:
        self._points += 1
        if self._points > _MOST_POINTS:
            raise Unfit(f"it has more than {_MOST_POINTS} values")


def _compare(expected: BinaryIO, got: BinaryIO, account: Account) -> None:
    try:
        if _alike(expected, got):
            account.ignore("wall times")
        else:
            _compare_events(_read(expected), _read(got), account)
            account.ignore("times or the order of events")
    except Malformed as error:
        raise Unfit(str(error)) from error


compare = of_content(_compare)
"""When events were written, and where, never counts; pictures, texts and histograms are equal or not."""


def _alike(expected: BinaryIO, got: BinaryIO) -> bool:
    """Whether both have the same events, wall times aside; much faster than to look into them."""
    for one, other in zip_longest(payloads_of(expected), payloads_of(got)):
        if one is None or other is None:
            return False
        if one != other and not (one[:1] == other[:1] == bytes([_WALL_TIME]) and one[9:] == other[9:]):
            return False
    return True


def _read(file: BinaryIO) -> Events:
    found = Events()
    for payload in payloads_of(file):
        found.add(payload)
    return found


def payloads_of(file: BinaryIO) -> Iterator[bytes]:
    for payload in payloads(file, 0, file.seek(0, 2)):
        if not isinstance(payload, Large):
            yield payload
        elif payload.length <= _LARGEST:
            file.seek(payload.place)
            yield file.read(payload.length)
        else:
            raise Unfit(f"it has a record of more than {_LARGEST} bytes")


def _compare_events(expected: Events, got: Events, account: Account) -> None:
    for name in dict.fromkeys((*expected.tags, *got.tags)):
        if name not in expected.tags or name not in got.tags:
            account.only(name, first=name in expected.tags)
        else:
            _compare_tags(name, expected.tags[name], got.tags[name], account)
    names = dict.fromkeys((*expected.hyperparameters, *got.hyperparameters))
    for name in names:
        sides = [each.hyperparameters for each in (expected, got)]
        if name not in sides[0] or name not in sides[1]:
            account.only(f"hyperparameter {name}", first=name in sides[0])
        else:
            account.values(f"hyperparameter {name}", sides[0][name], sides[1][name])
    left, right = sorted(expected.others), sorted(got.others)
    for what in _OTHERS.values():
        if [each for each in left if each[0] == what] != [each for each in right if each[0] == what]:
            account.differ(what, "its content differs")
    if expected.run_metadata or got.run_metadata:
        account.ignore("run metadata")


def _compare_tags(name: str, expected: Tag, got: Tag, account: Account) -> None:
    payload_steps = [array("q", (step for step, _ in each.payloads)) for each in (expected, got)]
    for what, one, other in (("points", expected.steps, got.steps), ("contents", *payload_steps)):
        if len(one) != len(other):
            account.differ(name, f"{len(one)} and {len(other)} {what}")
            return
        if one != other:
            pair = next(pair for pair in zip(one, other, strict=True) if pair[0] != pair[1])
            account.differ(name, f"steps {pair[0]} and {pair[1]}")
            return
    if len(expected.values):
        _compare_values(name, expected, got, account)
    for (step, content), (_, other_content) in zip(expected.payloads, got.payloads, strict=True):
        if content != other_content:
            account.differ(f"{name} at step {step}", "its content differs")


def _compare_values(name: str, expected: Tag, got: Tag, account: Account) -> None:
    kind = "f4" if expected.single and got.single else "f8"
    a, b = (numpy.frombuffer(each.values, "f8").astype(kind) for each in (expected, got))
    found = apart(a, b, account.tolerance)
    if found.differing:
        first = int(numpy.argmax((a != b) & ((a == a) | (b == b))))
        name = f"{name} from step {expected.steps[first]} on"
    account.add(name, found)


def _digest(content: bytes) -> bytes:
    return blake3(content).digest()
