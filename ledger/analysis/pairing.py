"""Which trials of two experiments are held against each other: those of one configuration, of one seed."""

from collections.abc import Collection, Sequence
from enum import StrEnum

from ledger.analysis.observations import Observations, Variable, alike, numbered
from ledger.model import Value
from ledger.model.frozen import frozen


class Design(StrEnum):
    """What is held against what."""

    SEEDS = "seeds"
    """In each configuration the trials of one seed: both sides have the same ones."""
    WITHIN = "within"
    """In each configuration all trials of one side against all of the other."""
    CONFIGURATIONS = "configurations"
    """The means of each configuration, of which a side has one trial of most."""
    UNPAIRED = "unpaired"
    """All trials of one side against all of the other: no configuration is on both."""


@frozen
class About:
    """A hyperparameter that varies on no side, and is not the same on both: what a comparison is about."""

    name: str
    a: Value
    """None where no trial of the side has it."""
    b: Value


@frozen
class Pair:
    """A configuration that is on both sides."""

    a: tuple[int, ...]
    """Rows of its trials."""
    b: tuple[int, ...]
    """Where both sides have the same seeds, the n-th of both have the same one."""
    seeded: bool
    """Whether they have."""


@frozen
class Pairing:
    """How two sides' trials go together."""

    a: Observations
    b: Observations
    """Without what is left out of configurations."""
    pairs: tuple[Pair, ...]
    about: tuple[About, ...]
    ignored: tuple[str, ...]
    """Hyperparameters that were left out because somebody said so."""
    hindering: tuple[str, ...]
    """Hyperparameters of which no value is on both sides, so that nothing pairs up."""

    @property
    def unpaired(self) -> tuple[int, int]:
        """Configurations that are on one side alone."""
        left, right = (len(side.by_configuration()) - len(self.pairs) for side in (self.a, self.b))
        return left, right

    @property
    def shared(self) -> int:
        """Trials that are on both sides."""
        return len(set(self.a.trials) & set(self.b.trials))


def pair(a: Observations, b: Observations, *, ignore: Collection[str] = ()) -> Pairing:
    """Pair the configurations of two sides.

    Left out of them are seeds, what the comparison is about, and `ignore`.
    """
    names = dict.fromkeys(each.name for side in (a, b) for each in side.variables)
    about = [found for name in names if name not in ignore and (found := _about(name, a, b)) is not None]
    left_out = {*ignore, *(each.name for each in about)}
    kept = [name for name in names if name not in left_out]
    sizes = len(a), len(b)
    columns = {name: (_column(a, name), _column(b, name)) for name in kept}
    left, right = map(_grouped, _numbers(list(columns.values()), sizes))
    pairs = [_pair(rows, right[number], a.seeds, b.seeds) for number, rows in left.items() if number in right]
    alone = [] if pairs else [(name, _numbers([each], sizes)) for name, each in columns.items()]
    return Pairing(
        a=a.without(left_out),
        b=b.without(left_out),
        pairs=tuple(pairs),
        about=tuple(about),
        ignored=tuple(name for name in names if name in ignore),
        hindering=tuple(name for name, (one, other) in alone if not set(one) & set(other)),
    )


def _about(name: str, a: Observations, b: Observations) -> About | None:
    left, right = _column(a, name), _column(b, name)
    if any(not alike(side[0], each) for side in (left, right) for each in side):
        return None
    return None if alike(left[0], right[0]) else About(name=name, a=left[0], b=right[0])


def _column(side: Observations, name: str) -> Sequence[Value]:
    """A hyperparameter's value in each trial; None where a side has no such hyperparameter."""
    found: Variable | None = next((each for each in side.variables if each.name == name), None)
    return [None] * len(side) if found is None else found.values


def _numbers(
    columns: Sequence[tuple[Sequence[Value], Sequence[Value]]], sizes: tuple[int, int]
) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """The number of each row's configuration, the same on both sides where that is the same."""
    both = numbered([(*left, *right) for left, right in columns], sum(sizes))
    return both[: sizes[0]], both[sizes[0] :]


def _grouped(numbers: Sequence[int]) -> dict[int, list[int]]:
    found: dict[int, list[int]] = {}
    for row, number in enumerate(numbers):
        found.setdefault(number, []).append(row)
    return found


def _pair(a: list[int], b: list[int], left: Sequence[Value], right: Sequence[Value]) -> Pair:
    seeds = [left[row] for row in a], [right[row] for row in b]
    texts = [sorted(map(repr, side)) for side in seeds]
    distinct = len(set(texts[0])) == len(a) and None not in seeds[0]
    if texts[0] != texts[1] or not distinct:
        return Pair(a=tuple(a), b=tuple(b), seeded=False)
    order = {repr(right[row]): row for row in b}
    return Pair(a=tuple(a), b=tuple(order[repr(left[row])] for row in a), seeded=True)
