"""What two contents turn out to differ in, place by place, and what it comes to."""

from dataclasses import replace
from math import isfinite
from typing import TypeGuard

from ledger.compare.base import Comparison, Distance, Tolerance
from ledger.compare.numbers import Apart
from ledger.compare.tolerances import narrowest

SHOWN = 3
_LONGEST = 60
_MOST_PLACES = 10_000
_OTHERS = "other places"
_NOTHING = Apart()


class Account:
    """Takes notes of a comparison as it goes; in bounded memory, however much differs.

    Parameters
    ----------
    tolerance
        How far apart two numbers may be.
    """

    def __init__(self, tolerance: Tolerance, depth: int = 0) -> None:
        self.tolerance = tolerance
        self.depth = depth
        """How many contents these ones lie in, as members of an archive do."""
        self._places: dict[str, Apart] = {}
        """Numbers that differ, by place."""
        self._other: list[tuple[str, str]] = []
        """(place, detail) of all else that differs; the first few."""
        self._count = 0
        """Of these."""
        self._odd: dict[str, None] | None = {}
        """All their places; None if these are too many."""
        self._ignored: dict[str, None] = {}
        self._compared = 0
        self._endless = False
        """Whether numbers that were compared elsewhere are apart by no finite amount."""

    def add(self, place: str, found: Apart) -> None:
        """Note how far apart the numbers of one place are.

        Parameters
        ----------
        place
            Dotted keys and positions, such as ``layers.0.weight``; empty for the whole.
        found
            Of all its numbers.
        """
        self._compared += found.compared
        if found.differing:
            if len(self._places) >= _MOST_PLACES and place not in self._places:
                place = _OTHERS
            self._places[place] = self._places.get(place, _NOTHING) + found

    def agree(self, count: int) -> None:
        """Note that so many numbers are equal."""
        self._compared += count

    def inner(self) -> "Account":
        """A new account of contents that lie in these, to be included."""
        return Account(self.tolerance, self.depth + 1)

    def include(self, place: str, inner: "Account") -> None:
        """Note what was found in contents that lie at a place in these."""
        for inside, found in inner._places.items():
            self.add(joined(place, inside), found)
        self._compared += inner._compared - sum(each.compared for each in inner._places.values())
        for inside, detail in inner._other:
            self.differ(joined(place, inside), detail)
        self._count += inner._count - len(inner._other)
        if inner._odd is None:
            self._odd = None
        for inside in inner._odd or ():
            self._note(joined(place, inside))
        self._ignored.update(inner._ignored)
        self._endless |= inner._endless

    def take(self, place: str, found: Comparison) -> None:
        """Note what a comparison of its own came to, of contents that lie at a place in these."""
        far = found.distance
        self._endless |= found.endless
        if not found.same:
            self.differ(place, found.detail or "")
        elif far is None:
            self.ignore("forms of the same values")
        else:
            self.add(
                place,
                Apart(
                    absolute=far.absolute,
                    relative=far.relative,
                    ulp=far.ulp,
                    differing=far.differing,
                    compared=far.compared,
                ),
            )

    def values(self, place: str, expected: object, got: object) -> None:
        """Compare two plain values; numbers of one kind within the tolerance."""
        if is_number(expected) and is_number(got):
            self.add(place, Apart.of_values(expected, got, self.tolerance))
        elif isinstance(expected, complex) and isinstance(got, complex):
            self.add(place, Apart.of_complex(expected, got, self.tolerance))
        elif type(expected) is not type(got) or expected != got:
            self.differ(place, f"{shown(expected)} and {shown(got)}")

    def differ(self, place: str, detail: str) -> None:
        """Note that something else than a number within the tolerance differs."""
        self._count += 1
        self._note(place)
        if len(self._other) < SHOWN:
            self._other.append((place, detail))

    def only(self, place: str, *, first: bool) -> None:
        """Note what only one of the two has."""
        self.differ(place, f"only the {'first' if first else 'second'} has it")

    def ignore(self, what: str) -> None:
        """Note that something differs that never counts, such as ``time stamps``."""
        self._ignored[what] = None

    def comparison(self) -> Comparison:
        """What it comes to, for contents whose bytes differ."""
        outside = {place: each for place, each in self._places.items() if each.outside}
        told = [f"{place or 'the whole'}: {detail}" for place, detail in self._other]
        told += [f"{place or 'the whole'}: {each}" for place, each in list(outside.items())[:SHOWN]]
        left = self._count + len(outside) - len(told[:SHOWN])
        distance = self._distance()
        needed = narrowest(each.distance() for each in self._places.values())
        endless = self._endless or not all(isfinite(each.absolute) for each in self._places.values())
        if told:
            told = told[:SHOWN] + ([f"{left} more"] if left else [])
            counts = distance if not self._count else None
            places = () if self._odd is None or _OTHERS in outside else (*self._odd, *outside)
            return Comparison(
                same=False,
                exact=False,
                detail="; ".join(told),
                distance=counts,
                needed=needed,
                endless=endless,
                places=tuple(places),
            )
        if self._places:
            far = max(self._places.items(), key=lambda each: each[1].absolute)
            detail = f"{self.tolerance}: {far[0] or 'the whole'}: {far[1]}"
            if len(self._places) > 1:
                detail += f"; {len(self._places) - 1} more"
        elif self._ignored:
            detail = f"only {' and '.join(self._ignored)} differ"
        else:
            detail = "the values are the same"
        return Comparison(
            same=True, exact=False, detail=detail, distance=distance, needed=needed, endless=endless
        )

    def _note(self, place: str) -> None:
        if self._odd is not None:
            self._odd[place] = None
            if len(self._odd) > _MOST_PLACES:
                self._odd = None

    def _distance(self) -> Distance | None:
        if not self._places:
            return None
        found = sum(self._places.values(), _NOTHING)
        return replace(found.distance(), compared=self._compared)


def is_number(value: object) -> TypeGuard[float]:
    """Whether it is a whole or a floating-point number."""
    return isinstance(value, int | float) and not isinstance(value, bool)


def shown(value: object) -> str:
    """A value in a few letters."""
    text = repr(value)
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]}…"


def joined(place: str, inside: str) -> str:
    """A place in what lies at a place."""
    return f"{place}.{inside}" if place and inside else place or inside
