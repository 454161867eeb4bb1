"""What a pickle says, as leaves with places."""

from collections.abc import Callable, Iterator
from typing import Any, Final

import blake3
import numpy

from ledger.compare.array import Array
from ledger.compare.base import Unfit
from ledger.compare.leaves import MOST_LEAVES, Kind, Leaf
from ledger.compare.pickled.pickle_arrays import array, array_leaves, content, dtype, number
from ledger.compare.pickled.pickle_machine import Call, Dict, Global, Persistent, Set, Span

_DEEPEST: Final = 200
_SETS: Final = ("builtins.set", "builtins.frozenset", "__builtin__.set", "__builtin__.frozenset")
_LONGEST: Final = 100
_LONGEST_PLACE: Final = 2000
_BYTES: Final = numpy.dtype("V1")
_Opened = tuple[Iterator[tuple[str, Leaf]], list[tuple[str, object]]]
Outside = Callable[[str, object], Iterator[tuple[str, Leaf]] | None]
"""Leaves of a call or of what lies outside of the pickle; None if they are not its to tell."""


def leaves_of(value: object, place: str = "", outside: Outside | None = None) -> Iterator[tuple[str, Leaf]]:
    """Leaves of a value, each place once.

    Parameters
    ----------
    value
        As a `Machine` gives it.
    place
        Where it lies.
    outside
        Asked first for every value that is neither plain nor a container.

    Raises
    ------
    Unfit
        If it is nested too deep, or has too many values.
    """
    return _Teller(outside or _nothing, _Texts()).leaves(value, place)


class _Texts(dict[int, str]):
    """Texts of members that were spelled, by identity: they may lie in one another, many times."""

    left = 5_000_000

    def spend(self) -> None:
        self.left -= 1
        if self.left < 0:
            raise Unfit("sets of more values than are looked at")


class _Teller:
    def __init__(self, outside: Outside, texts: _Texts) -> None:
        self._outside, self._texts = outside, texts

    def leaves(self, value: object, place: str) -> Iterator[tuple[str, Leaf]]:
        seen: dict[int, str] = {}
        used: dict[str, int] = {}
        waiting = [(place, value, 0)]
        while waiting:
            place, value, depth = waiting.pop()
            if depth > _DEEPEST or len(place) > _LONGEST_PLACE:
                raise Unfit("nested too deep")
            if len(used) + len(waiting) > MOST_LEAVES:
                raise Unfit(f"more than {MOST_LEAVES} values")
            used[place] = used.get(place, 0) + 1
            if used[place] > 1:
                place = f"{place} ({used[place]})"
            if isinstance(value, list | Call) and id(value) in seen:
                yield place, Kind(f"the same as {seen[id(value)] or 'the whole'}")
                continue
            seen[id(value)] = place
            found, inside = self._opened(place, value)
            yield from found
            waiting += [
                (f"{place}{key}".removeprefix("."), each, depth + 1) for key, each in reversed(inside)
            ]

    def _opened(self, place: str, value: Any) -> _Opened:
        """Leaves of a value itself, and the values that lie in it by the rest of their place."""
        if value is None or isinstance(value, bool | int | float | str | bytes):
            return _one(place, value), []
        if isinstance(value, Span):
            return array_leaves(place, _BYTES, (value.size,), False, value), []
        if isinstance(value, Set):
            return self._members(place, value), []
        if isinstance(value, Dict):
            return _one(place, Kind(f"a map of {len(value)}")), self._keyed(value)
        if isinstance(value, list | tuple):
            kind = "list" if isinstance(value, list) else "tuple"
            return _one(place, Kind(f"a {kind} of {len(value)}")), [
                (f".{n}", each) for n, each in enumerate(value)
            ]
        if isinstance(value, Global):
            return _one(place, Kind(value.name)), []
        told = self._outside(place, value)
        if told is not None:
            return told, []
        if isinstance(value, Persistent):
            return _one(place, Kind("outside of the pickle")), [(".id", value.id)]
        return self._called(place, value)

    def _called(self, place: str, value: Call) -> _Opened:
        found, kind = content(value), dtype(value)
        if found is not None:
            return self._opened(place, found)
        if kind is not None:
            return _one(place, Kind(f"type {kind.str if kind.names is None else kind.descr}")), []
        is_number, leaf = number(value)
        if is_number:
            return _one(place, leaf), []
        if value.name in _SETS and isinstance(value.args, tuple) and len(value.args) <= 1:
            inside = value.args[0] if value.args else []
            if isinstance(inside, list):
                return self._members(place, Set(inside)), []
        known = value.leaf if isinstance(value.leaf, tuple) and len(value.leaf) == 4 else array(value)
        if known is not None:
            kind, shape, fortran, held_as = known
            inside = content(held_as)
            if inside is not None and not kind.hasobject:
                return array_leaves(place, kind, shape, fortran, inside), []
            return _one(place, Kind(f"objects of shape {list(shape)}")), [(".items", held_as)]
        if value.leaf is not None:
            return self._opened(place, value.leaf)
        return self._object(place, value)

    def _object(self, place: str, value: Call) -> _Opened:
        args, name = value.args, value.name
        made = name in ("copyreg._reconstructor", "copy_reg._reconstructor") and isinstance(args, tuple)
        if made and isinstance(args, tuple) and args and isinstance(args[0], Global):
            name, args = args[0].name, args[2:] if args[-1] is not None else ()
        inside: list[tuple[str, object]] = []
        if not name:
            inside.append((".function", value.function))
        if isinstance(args, tuple):
            inside += [(f"({n})", each) for n, each in enumerate(args)]
        else:
            inside.append(("(*)", args))
        if isinstance(value.state, Dict):
            inside += self._keyed(value.state)
        elif value.state is not None:
            inside.append((".state", value.state))
        inside += [(f".{n}", each) for n, each in enumerate(value.items)] + self._keyed(value.pairs)
        return _one(place, Kind(name or "a call")), inside

    def _keyed(self, pairs: Dict) -> list[tuple[str, object]]:
        """Values by the text of their keys, sorted by it; a key that is written twice is the later one."""
        found = {self._key(key): value for key, value in pairs}
        return [(f".{key}", found[key]) for key in sorted(found)]

    def _key(self, key: object) -> str:
        if isinstance(key, str) and not key.startswith("[") and len(key) <= _LONGEST:
            return key
        return f"[{self._print(key)}]"

    def _members(self, place: str, members: Set) -> Iterator[tuple[str, Leaf]]:
        """A set as places, since its members have no order."""
        found = sorted({self._print(each) for each in members})
        yield place, Kind(f"a set of {len(found)}")
        for each in found:
            yield f"{place}{{{each}}}", Kind("a member")

    def _print(self, value: object) -> str:
        """A short text that is another one for every other value."""
        if id(value) in self._texts:
            return self._texts[id(value)]
        text = "".join(self._spelled(value))
        if len(text) > _LONGEST:
            text = f"{text[:40]}… {blake3.blake3(text.encode('utf-8', 'replace')).hexdigest()}"
        if isinstance(value, tuple | list | Call):
            self._texts[id(value)] = text
        return text

    def _spelled(self, value: object) -> Iterator[str]:
        """All of a value, in pieces."""
        for place, leaf in _Teller(_nothing, self._texts).leaves(value, ""):
            self._texts.spend()
            if not isinstance(leaf, Array):
                yield f"{place}={leaf!r};" if place else repr(leaf)
            else:
                for block in leaf.blocks():
                    yield bytes(block).hex()


def _one(place: str, leaf: Leaf) -> Iterator[tuple[str, Leaf]]:
    yield place, leaf


def _nothing(_: str, __: object) -> None:
    """Told by nobody else."""
