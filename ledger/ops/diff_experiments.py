"""What the trials of two experiments have that is not the same, section by section."""

from collections.abc import Callable, Collection, Hashable, Iterable, Sequence
from dataclasses import replace

from ledger.analysis.observations import Observations, key
from ledger.analysis.pairing import Pairing
from ledger.compare.base import Tolerance
from ledger.compare.metrics import is_timing
from ledger.model import Difference, Trial
from ledger.ops import diff_code, diff_environment, diff_results
from ledger.ops.differences import SECTIONS, same_value, values
from ledger.ops.objects import Problem, unique
from ledger.store.base import Store

COST = ("duration_s", "peak_memory")
"""Metrics that every trial has, and of which less is better."""
MOST_PAIRS = 100
"""Pairs of trials whose inputs and outputs are held against each other."""

Sides = tuple[Sequence[Trial], Sequence[Trial]]
TrialPair = tuple[Trial, Trial]


def sections(
    pairing: Pairing, sides: Sides, store: Store, timing: tuple[str, ...] = ()
) -> tuple[dict[str, tuple[Difference, ...]], tuple[Problem, ...]]:
    """Compare two experiments, part by part.

    Metrics are means of each configuration, told as they are: what is more than noise, a comparison of the
    metric says. Of code and environment one version of each side is shown, one that the other lacks. Inputs
    and outputs are those of the trials that go together.

    Parameters
    ----------
    pairing
        How the trials go together.
    sides
        The trials of its rows.
    store
        Where their objects are.
    timing
        Patterns of metrics that measure the clock.
    """
    together = list(_together(pairing, sides))
    code, code_problems = _code(sides, store)
    environment, environment_problems = _environment(sides, store)
    found: dict[str, Iterable[Difference]] = {
        "verdict": values(
            "verdict",
            {"trials that did not end well": pairing.a.others},
            {"trials that did not end well": pairing.b.others},
            counted=False,
        ),
        "hyperparameters": _hyperparameters(pairing),
        "seeds": values("seeds", _seeds(pairing.a), _seeds(pairing.b), counted=False),
        "code": code,
        "environment": environment,
        "inputs": _over(together, lambda a, b, _: diff_results.inputs(a, b, store)),
        "metrics": _metrics(pairing, timing),
        "outputs": _over(together, lambda a, b, first: _outputs(a, b, store, judged=first)),
    }
    told = {name: tuple(found[name]) for name in SECTIONS}
    return told, unique([*code_problems, *environment_problems])


def code_apart(sides: Sides) -> TrialPair | None:
    """A trial of each side whose code the other side does not have; None where both have the same ones."""
    return _apart(sides, lambda trial: tuple(each.tree for each in trial.code))


def _apart(sides: Sides, key: Callable[[Trial], Hashable]) -> TrialPair | None:
    """The newest trial of each side that the other has not the like of, else its newest one."""
    kinds = [{key(trial) for trial in side} for side in sides]
    if kinds[0] == kinds[1]:
        return None
    one, other = (
        next((trial for trial in reversed(side) if key(trial) not in lacking), side[-1])
        for side, lacking in zip(sides, reversed(kinds), strict=True)
    )
    return one, other


def _versions(
    part: str, sides: Sides, key: Callable[[Trial], Hashable], shown: TrialPair
) -> list[Difference]:
    """That a side has several, of which one is shown."""
    counts = [len({key(trial) for trial in side}) for side in sides]
    if max(counts) == 1:
        return []
    detail = (
        f"different ones among the trials of a side; shown are {shown[0].id.short} and {shown[1].id.short}"
    )
    return [
        Difference(
            part=part, path="<versions>", expected=counts[0], got=counts[1], detail=detail, counted=False
        )
    ]


def _code(sides: Sides, store: Store) -> tuple[list[Difference], tuple[Problem, ...]]:
    pair = code_apart(sides)
    if pair is None:
        return [], ()
    found, problems = diff_code.compare(*pair, store)
    several = _versions("code", sides, lambda trial: tuple(each.tree for each in trial.code), pair)
    return [*several, *found], problems


def _environment(sides: Sides, store: Store) -> tuple[list[Difference], tuple[Problem, ...]]:
    pair = _apart(sides, lambda trial: (trial.environment, trial.host))
    if pair is None:
        return [], ()
    found, problems = diff_environment.compare(*pair, store)
    return [*_versions("environment", sides, lambda trial: trial.environment, pair), *found], problems


def _hyperparameters(pairing: Pairing) -> list[Difference]:
    found = [
        Difference(
            part="hyperparameters",
            path=each.name,
            expected=each.a,
            got=each.b,
            detail="in all trials of a side, so that no configuration is told apart by it",
        )
        for each in pairing.about
    ]
    paired: tuple[set[int], set[int]] = (
        {each.a[0] for each in pairing.pairs},
        {each.b[0] for each in pairing.pairs},
    )
    alone: list[Difference] = []
    names = _varying(pairing)
    for place, (side, taken) in enumerate(zip((pairing.a, pairing.b), paired, strict=True)):
        which = "second" if place else "first"
        for rows in side.by_configuration().values():
            if not taken.intersection(rows):
                alone.append(
                    Difference(
                        part="hyperparameters",
                        path=configuration(side, rows[0], names),
                        expected=None if place else len(rows),
                        got=len(rows) if place else None,
                        detail=f"trials of a configuration that only the {which} has",
                    )
                )
    return [*found, *sorted(alone, key=lambda each: each.path)]


def _varying(pairing: Pairing) -> frozenset[str]:
    """The hyperparameters that tell configurations apart: not the same in all trials of both sides."""
    found: dict[str, set[object]] = {}
    for side in (pairing.a, pairing.b):
        for each in side.variables:
            found.setdefault(each.name, set()).update(map(key, each.values))
    for side in (pairing.a, pairing.b):
        for name in found.keys() - {each.name for each in side.variables}:
            found[name].add(key(None))
    return frozenset(name for name, values in found.items() if len(values) > 1)


def configuration(side: Observations, row: int, names: Collection[str]) -> str:
    """The configuration of a trial as text, by these hyperparameters."""
    named = sorted(
        (each.name, each.values[row])
        for each in side.variables
        if each.name in names and each.values[row] is not None
    )
    return " ".join(f"{name}={_text(value)}" for name, value in named)


def _text(value: object) -> str:
    """One text for values that are the same: 1 and 1.0 are, "1" is not."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return "[" + ", ".join(map(_text, value)) + "]"
    return repr(value)


def _seeds(side: Observations) -> dict[str, object]:
    found = sorted(
        {repr(each) for each in side.seeds if each is not None}, key=lambda each: (len(each), each)
    )
    return {"seeds": ", ".join(found)} if found else {}


def _metrics(pairing: Pairing, timing: tuple[str, ...]) -> list[Difference]:
    names = sorted((pairing.a.metrics.keys() | pairing.b.metrics.keys()) - set(COST))
    told_apart = _varying(pairing)
    keys = [(configuration(pairing.a, each.a[0], told_apart), each) for each in pairing.pairs]
    found = []
    for told, each in sorted(keys, key=lambda known: known[0]):
        for name in names:
            sides = [_known(side, name, rows) for side, rows in ((pairing.a, each.a), (pairing.b, each.b))]
            means = [_mean(side) if side else None for side in sides]
            if not same_value(means[0], means[1]):
                found.append(
                    Difference(
                        part="metrics",
                        path=f"{told}: {name}" if told else name,
                        expected=means[0],
                        got=means[1],
                        detail=f"means of {len(sides[0])} and {len(sides[1])} trials",
                        counted=not is_timing(name, timing),
                    )
                )
    return found


def _mean(values: Sequence[float]) -> float:
    """Of equal values it is that value, which their sum over their number often misses."""
    return values[0] if min(values) == max(values) else sum(values) / len(values)


def _known(side: Observations, name: str, rows: Sequence[int]) -> list[float]:
    """Values that are there; NaN stands for one that a trial has not."""
    column = side.metrics.get(name)
    return [] if column is None else [column[row] for row in rows if column[row] == column[row]]


def _together(pairing: Pairing, sides: Sides) -> Iterable[TrialPair]:
    """Trials that are held against each other: of one seed where both sides have the same ones."""
    if not pairing.pairs:
        yield sides[0][-1], sides[1][-1]
    for each in pairing.pairs:
        rows = zip(each.a, each.b, strict=True) if each.seeded else [(each.a[0], each.b[0])]
        for a, b in rows:
            yield sides[0][a], sides[1][b]


def _outputs(a: Trial, b: Trial, store: Store, *, judged: bool) -> Iterable[Difference]:
    if judged:
        return diff_results.outputs(a, b, store, Tolerance())
    found = [trial.outcome.outputs if trial.outcome else () for trial in (a, b)]
    return diff_results.artifacts("outputs", found[0], found[1], store)


def _over(
    pairs: Sequence[TrialPair], compare: Callable[[Trial, Trial, bool], Iterable[Difference]]
) -> list[Difference]:
    """Differences of several pairs of trials, one for each path: the first one, and in how many it differs.

    Contents are looked into in the first pair alone.
    """
    found: dict[str, Difference] = {}
    counts: dict[str, int] = {}
    looked = pairs[:MOST_PAIRS]
    for place, (a, b) in enumerate(looked):
        for each in compare(a, b, place == 0) if a.id != b.id else ():
            counts[each.path] = counts.get(each.path, 0) + 1
            known = found.setdefault(each.path, each)
            if each.counted and not known.counted:
                found[each.path] = each
    if len(looked) == 1:
        return [each for _, each in sorted(found.items())]
    told = {path: f"in {counts[path]} of {len(looked)} pairs" for path in found}
    return [
        replace(each, detail=f"{each.detail}; {told[path]}" if each.detail else told[path])
        for path, each in sorted(found.items())
    ]
