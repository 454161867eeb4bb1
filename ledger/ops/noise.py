"""Which results of a trial vary from run to run, and by how much."""

import math
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace

import numpy

from ledger.compare.base import Comparison, Distance, Tolerance
from ledger.compare.metrics import is_timing
from ledger.compare.numbers import apart
from ledger.compare.texts import mask_patterns, masks
from ledger.compare.tolerances import narrowest, widest
from ledger.errors import LedgerError
from ledger.journal import series
from ledger.model import Artifact, Digest, Outcome
from ledger.model.frozen import frozen
from ledger.ops import renamed
from ledger.ops.allowances import JSON
from ledger.ops.diff_results import compare_contents
from ledger.store.base import Store

_EXACT = Tolerance()
_LEAST = Tolerance(atol=5e-324)
_TEXTS = ("text/", "application/yaml", "application/toml")
_ENDLESS = (
    "NaN and infinity are no amount of noise: find what makes them, as with ledger replay REF --vary all, "
    "and calibrate again"
)
_SOMETIMES = (
    "a file that only some runs make is let differ by no tolerance: make it in each run, or name it in "
    "[inputs] ignore of ledger.toml and record the trial again"
)
_STEPS = "values of other steps cannot be held against each other: log it at the same steps in each run"
_OTHER_KIND = (
    "it differs by more than numbers in some runs only: find what makes it, as with ledger replay REF --vary "
    "all, and calibrate again"
)
_UNSEEN = "contents that cannot be compared teach nothing: ledger verify says what is damaged"


@frozen
class Varying:
    """One result that is not the same in all runs."""

    part: str
    """``metrics``, ``outputs`` or ``streams``."""
    path: str
    """Which one."""
    differed: int
    """In how many of the replays it was another than the recorded one."""
    distance: Distance | None = None
    """The largest of its numbers, of the replays in which only these differ, and by a finite amount; None
    where there are none."""
    masks: tuple[str, ...] = ()
    """Patterns of the lines that vary, where it is a text of which that is all."""
    note: str | None = None
    """What varies, where neither says it."""
    needed: Tolerance = Tolerance()
    """What its numbers are within, in those replays."""
    refused: str | None = None
    """Why what the note says is not allowed, and what to do; None where all is that varies."""


def noise(
    store: Store, recorded: Outcome, others: Sequence[Outcome], timing: tuple[str, ...]
) -> tuple[Varying, ...]:
    """Hold the recorded outcome of a trial against those of its replays.

    Parameters
    ----------
    store
        Where their contents are.
    recorded
        The outcome of the trial.
    others
        Those of its replays.
    timing
        Patterns of metrics that measure time, which never count.

    Returns
    -------
    tuple of Varying
        Metrics, outputs, then streams, each sorted by name.
    """
    return tuple(_Measuring(store, recorded, others, timing).all())


@frozen
class _Metric:
    """How one metric of a replay differs from the recorded one."""

    near: Distance | None = None
    """Of its finite values; None where none of them differ."""
    endless: bool = False
    """Whether others are NaN or infinite on one side only."""
    steps: bool = False
    """Whether it is not logged at the same steps."""


class _Measuring:
    """Holds the recorded outcome against those of the replays."""

    def __init__(
        self, store: Store, recorded: Outcome, others: Sequence[Outcome], timing: tuple[str, ...]
    ) -> None:
        self.store, self.recorded, self.others, self.timing = store, recorded, others, timing

    def all(self) -> Iterator[Varying]:
        """Everything that varies: metrics, outputs, then streams, each sorted by name."""
        yield from self._metrics()
        yield from self._outputs()
        yield from self._streams()

    def _metrics(self) -> Iterator[Varying]:
        found: dict[str, list[_Metric]] = {}
        for other in self.others:
            for name, each in self._apart(other).items():
                found.setdefault(name, []).append(each)
        for name, seen in sorted(found.items()):
            if is_timing(name, self.timing):
                continue
            varying = Varying(part="metrics", path=name, differed=len(seen))
            if any(each.steps for each in seen):
                yield replace(varying, note="it is not logged at the same steps", refused=_STEPS)
                continue
            near = [each.near for each in seen if each.near]
            needed = widest(narrowest([each]) for each in near)
            varying = replace(varying, distance=_largest(near), needed=needed)
            endless = sum(each.endless for each in seen)
            yield self._endless(varying, endless) if endless else varying

    def _apart(self, other: Outcome) -> "dict[str, _Metric]":
        """How far each metric that differs is from the recorded one."""
        if self.recorded.series and other.series:
            contents = [self.store.get(each) for each in (self.recorded.series, other.series)]
            pairs = series.aligned(contents[0], contents[1])
        else:
            pairs = {}
            left, right = ({each.name: each for each in side.metrics} for side in (self.recorded, other))
            for name in left.keys() | right.keys():
                pairs[name] = None
        found: dict[str, _Metric] = {}
        for name, pair in pairs.items():
            if pair is None:
                found[name] = _Metric(steps=True)
                continue
            one, another = (numpy.asarray(each) for each in pair)
            far = apart(one, another, _EXACT)
            if not far.differing:
                continue
            endless = not math.isfinite(far.absolute)
            if endless:
                finite = numpy.isfinite(one) & numpy.isfinite(another)
                far = apart(one[finite], another[finite], _EXACT)
            near = far.differing and math.isfinite(far.absolute)
            found[name] = _Metric(near=far.distance() if near else None, endless=endless)
        return found

    def _endless(self, varying: Varying, count: int) -> Varying:
        """What varies by no finite amount in `count` replays: what is near in the others may."""
        note = f"NaN or infinite in {count} of {len(self.others)}"
        return replace(varying, note=note, refused=_ENDLESS)

    def _outputs(self) -> Iterator[Varying]:
        recorded = {each.path: each for each in self.recorded.outputs}
        versions: dict[str, list[Artifact | None]] = {}
        for other in self.others:
            made = {each.path: each for each in other.outputs}
            names = renamed.pairs(recorded, made)
            for path in recorded:
                versions.setdefault(path, []).append(made.get(names.get(path, path)))
            for path in made.keys() - recorded.keys() - set(names.values()):
                versions.setdefault(path, []).append(made[path])
        for path, found in sorted(versions.items()):
            own = recorded.get(path)
            odd = [each for each in found if each is None or own is None or each.digest != own.digest]
            if odd:
                yield self._output(path, own, odd, sometimes=own is None or None in found)

    def _output(
        self, path: str, own: Artifact | None, odd: Sequence[Artifact | None], *, sometimes: bool
    ) -> Varying:
        varying = Varying(part="outputs", path=path, differed=len(odd))
        if sometimes or own is None:
            return replace(varying, note="it is not always made", refused=_SOMETIMES)
        others = [each for each in odd if each is not None]
        near: list[Comparison] = []
        notes: list[str | None] = []
        endless = 0
        for each in others:
            compared = compare_contents(own, each, self.store, _EXACT)
            if isinstance(compared, str):
                return replace(varying, note=compared, refused=_UNSEEN)
            if compared.endless:
                endless += 1
            elif compared.distance is not None:
                near.append(compared)
            elif not compared.same:
                notes.append(compared.detail)
        varying = replace(
            varying,
            distance=_largest([each.distance for each in near if each.distance]),
            needed=widest(each.needed for each in near),
        )
        if endless:
            return self._endless(varying, endless)
        if not notes:
            return replace(varying, distance=varying.distance or _NOTHING)
        values = own.media_type in JSON
        if values or own.media_type.startswith(_TEXTS):
            digests = [own.digest, *(each.digest for each in others)]
            found = self._masks(digests, mask_patterns.derive_json if values else mask_patterns.derive)
            if found:
                return self._masked(varying, digests, found, clock=not values)
        if len(notes) == len(self.others):
            return replace(varying, note=notes[-1])
        # As some runs make it, its numbers are near or all of it is the same: that is all it may do.
        return replace(varying, note=notes[-1], refused=_OTHER_KIND)

    def _masked(
        self, varying: Varying, digests: Sequence[Digest | None], found: tuple[str, ...], *, clock: bool
    ) -> Varying:
        """A text that masks make the same: numbers there may be as far apart as they were."""
        expected, *others = [self.store.get(each) for each in digests if each is not None]
        apart = [masks.apart(expected, each, found, clock=clock) for each in others]
        far = [[each.distance() for each in places.values()] for places in apart]
        endless = sum(any(not math.isfinite(each.absolute) for each in distances) for distances in far)
        if endless:
            return self._endless(varying, endless)
        needed = narrowest(each for distances in far for each in distances)
        if needed == _EXACT and any(far):
            needed = _LEAST  # 1.0 and 1.00: none at all would let them be any numbers
        return replace(varying, distance=None, needed=needed, masks=found)

    def _streams(self) -> Iterator[Varying]:
        for name in ("stdout", "stderr"):
            sides = [getattr(each, name) for each in (self.recorded, *self.others)]
            digests = [each.digest if each else None for each in sides]
            differed = sum(each != digests[0] for each in digests[1:])
            if not differed:
                continue
            found = self._masks(digests)
            if found == ():
                continue  # only clock text differs, which no verdict counts
            note = "other lines" if found is None else None
            yield Varying(part="streams", path=name, differed=differed, masks=found or (), note=note)

    def _masks(
        self,
        digests: Sequence[Digest | None],
        derive: Callable[[Sequence[bytes]], tuple[str, ...] | None] = mask_patterns.derive,
    ) -> tuple[str, ...] | None:
        texts: list[bytes] = []
        for digest in dict.fromkeys(digests):
            if digest is None:
                return None
            with suppress(LedgerError):
                texts.append(self.store.get(digest))
        return derive(texts) if len(texts) > 1 else None


_NOTHING = Distance(absolute=0.0, relative=0.0, ulp=0, differing=0, compared=0)
"""Of contents that are the same however their bytes differ."""


def _largest(found: Sequence[Distance]) -> Distance | None:
    if not found:
        return None
    ulps = [each.ulp for each in found]
    return Distance(
        absolute=max(each.absolute for each in found),
        relative=max(each.relative for each in found),
        ulp=None if None in ulps else max(each for each in ulps if each is not None),
        differing=max(each.differing for each in found),
        compared=max(each.compared for each in found),
    )
