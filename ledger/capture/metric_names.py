"""How metrics from files are named, so that those of several files are not mixed.

A metric is named as in its file. Where several files of one kind have it, each takes in front that in which
the paths of such files differ: of ``runs/train/events…`` and ``runs/val/events…`` come ``train/loss`` and
``val/loss``; of ``metrics.json`` and ``runs/b/metrics.json``, ``loss`` and ``runs/b/loss``. The event files
of one directory are one.

Kinds, in this order: ``metrics.json``; tables, lines and states of trainers; TensorBoard. A metric that an
earlier kind has too is left out if all its points are there (rounded to 32 bits, perhaps), and else named
``metrics.csv/loss`` or ``tensorboard/loss``. The same holds for one that the program logged itself: the
journal compares it when it unites the two.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from typing import NamedTuple

from ledger.capture.metric_points import Column, Columns, MetricPoints, holds

DOCUMENT, TABLE, TENSORBOARD = range(3)


class Source(NamedTuple):
    """One file, or one directory of event files."""

    kind: int
    place: tuple[str, ...]
    """Parts of the path, the file's without its suffix."""
    label: str
    """In front of a name that an earlier kind has."""
    columns: Columns


def named(sources: Iterable[Source]) -> Iterator[MetricPoints]:
    """All points, each metric under a name of its own."""
    everything = list(sources)
    taken: dict[str, Column] = {}
    for kind in (DOCUMENT, TABLE, TENSORBOARD):
        mine = [each for each in everything if each.kind == kind]
        count = Counter(name for each in mine for name in each.columns.of)
        mixed = [each for each in mine if any(count[name] > 1 for name in each.columns.of)]
        fronts = dict(zip(map(id, mixed), _differing(mixed), strict=True))
        earlier = dict(taken)
        for source in mine:
            for name, column in source.columns.of.items():
                front = fronts.get(id(source)) if count[name] > 1 else ""
                own = f"{front}/{name}" if front else name
                if own in earlier:
                    if holds(earlier[own], column):
                        continue
                    own = f"{source.label}/{own}"
                if own in taken:
                    own = "/".join((*source.place, source.label, name))
                while own in taken:
                    own += "_"
                taken[own] = column
                yield MetricPoints(own, f"{source.label}/{own}", *column)


def without_continued(sources: list[Source], label: str) -> list[Source]:
    """Leave out each source labelled so all of whose points another one of them has."""
    states = [each for each in sources if each.label.lower() == label]
    states.sort(key=lambda each: -sum(len(steps) for steps, _ in each.columns.of.values()))
    kept: list[Source] = []
    for each in states:
        if not any(_continues(other.columns, each.columns) for other in kept):
            kept.append(each)
    return [each for each in sources if each.label.lower() != label or any(each is one for one in kept)]


def _continues(whole: Columns, part: Columns) -> bool:
    return all(name in whole.of and holds(whole.of[name], column) for name, column in part.of.items())


def _differing(sources: list[Source]) -> list[str]:
    """Of each source, the part of its path in which it differs from the others."""
    places = [each.place for each in sources]
    if len(set(places)) < len(places):  # metrics.csv and metrics.jsonl
        places = [(*each.place[:-1], each.label) for each in sources]
    shortest = min(map(len, places), default=0)
    front = back = 0
    while front < shortest and len({place[front] for place in places}) == 1:
        front += 1
    while back < shortest - front and len({place[-1 - back] for place in places}) == 1:
        back += 1
    return ["/".join(place[front : len(place) - back]) for place in places]
