"""Two experiments, or any two selections of trials: whether one is better, and what else is not the same."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ledger.analysis.observations import Observations
from ledger.analysis.pairing import Pairing, pair
from ledger.errors import NotFoundError, UsageError
from ledger.model import Trial
from ledger.model.frozen import frozen
from ledger.model.search import Search
from ledger.model.space import Objective
from ledger.ops import search
from ledger.ops.diff_experiments import COST, TrialPair, code_apart, sections
from ledger.ops.differences import Diff
from ledger.ops.observations import Selection, definition, observations
from ledger.ops.search import Question
from ledger.ops.text import count, nearest
from ledger.ops.untold import with_words
from ledger.store.base import Store
from ledger.workspace import Workspace

if TYPE_CHECKING:
    from ledger.analysis.comparison import Comparison


@frozen
class Asked:
    """What a person wants to know of two experiments."""

    minimize: str | None = None
    """The metric of which less is better."""
    maximize: str | None = None
    """The metric of which more is better."""
    ignore: tuple[str, ...] = ()
    """Hyperparameters that tell no configurations apart."""


@frozen
class Chosen:
    """The trials of one side."""

    label: str
    trials: tuple[Trial, ...]
    tuned: Search | None
    """The search that they are of, if they are."""


@frozen
class Experiments:
    """How two sides' trials compare."""

    pairing: Pairing
    objective: Objective | None
    """The metric that was asked for, else what both were tuned for; None: all that both have are compared."""
    quality: "tuple[Comparison, ...]"
    """Of the objective, else of each metric that both sides have, by name."""
    cost: "tuple[Comparison, ...]"
    """Of ``duration_s`` and ``peak_memory``."""
    sentences: tuple[str, ...]
    """What each of `quality` comes to."""
    trade: str | None
    """What quality and duration come to together; None where that cannot be told."""
    code: TrialPair | None
    """A trial of each side whose code the other side does not have."""


def sides(names: Sequence[str], where: Sequence[str]) -> list[Selection]:
    """The sides that names and filters mean: one filter is for all names, one name for all filters.

    Raises
    ------
    UsageError
        If they are fewer than two, or as many names as filters are needed and missing.
    """
    most = max(len(names), len(where))
    fits = len(where) <= 1 or len(names) <= 1 or len(names) == len(where)
    if most < 2 or not fits:
        raise UsageError(
            "two sides are needed, or more",
            cause=f"expected two names, or two filters, or a name and two filters, or a filter for each name;"
            f" got {count(len(names), 'name')} and {count(len(where), 'filter')}",
            hint="ledger diff A B, or: ledger diff --where 'opt = sgd' --where 'opt = adam'",
        )
    experiments: list[str | None] = list(names) if len(names) > 1 else [*names, None][:1] * most
    filters: list[str | None] = list(where) if len(where) > 1 else [*where, None][:1] * most
    found = [Selection(experiment=name, where=each) for name, each in zip(experiments, filters, strict=True)]
    twice = [each.label for place, each in enumerate(found) if each in found[:place]]
    if twice and most > 2:
        raise UsageError(f"{twice[0]} is named twice", cause="expected another side each time")
    return found


def chosen(workspace: Workspace, selection: Selection) -> Chosen:
    """Read the trials of a selection.

    Raises
    ------
    UsageError
        If the filter is off.
    NotFoundError
        If there is no such experiment.
    """
    question = Question(experiment=selection.experiment, where=selection.where, sort="started")
    return Chosen(
        label=selection.label,
        trials=search.find(workspace.journal, question, workspace.store).chosen,
        tuned=definition(workspace, selection),
    )


def compare(
    a: Chosen, b: Chosen, store: Store, asked: Asked | None = None, timing: tuple[str, ...] = ()
) -> tuple[Diff, Experiments]:
    """Compare two sides.

    Parameters
    ----------
    a, b
        Their trials.
    store
        Where their objects are.
    asked
        Which metric, and what to leave out of configurations.
    timing
        Patterns of metrics that measure the clock.

    Raises
    ------
    UsageError
        If a side has no such metric, or no trial has a hyperparameter that is to be left out.
    NotFoundError
        If no trial of a side ended well.
    """
    from ledger.analysis import comparison
    from ledger.ops import compare_words

    asked = asked or Asked()
    left, right = observed([a, b])
    refuse_unknown([left, right], asked)
    wanted = objective([a, b], [left, right], asked)
    pairing = pair(left, right, ignore=asked.ignore)
    trials = of_rows(a, left), of_rows(b, right)
    found, problems = sections(pairing, trials, store, timing)
    names = (
        sorted((left.metrics.keys() & right.metrics.keys()) - set(COST))
        if wanted is None
        else [wanted.metric]
    )
    maximize = None if wanted is None else wanted.maximize
    quality = tuple(
        each for name in names if (each := comparison.compare(pairing, name, maximize=maximize)) is not None
    )
    cost = tuple(
        each
        for name in COST
        if wanted is None or wanted.metric != name
        if (each := comparison.compare(pairing, name, maximize=False)) is not None
    )
    sentences = tuple(compare_words.sentence(each, a.label, b.label) for each in quality)
    paired = len(pairing.pairs)
    counts = [len(side.by_configuration()) for side in (pairing.a, pairing.b)]
    return (
        Diff(
            sections=found,
            summary=f"{paired} configuration{'s are' if paired != 1 else ' is'} in both "
            f"(of {counts[0]} and {counts[1]})" + (f"; {sentences[0]}" if len(sentences) == 1 else ""),
            problems=problems,
        ),
        Experiments(
            pairing=pairing,
            objective=wanted,
            quality=quality,
            cost=cost,
            sentences=sentences,
            trade=compare_words.trade(quality, cost, a.label, b.label),
            code=code_apart(trials),
        ),
    )


def observed(sides: Sequence[Chosen]) -> list[Observations]:
    """The trials of each side that ended well, as columns.

    Words of their commands that nothing has a name for are one, if trials differ in them.

    Raises
    ------
    NotFoundError
        If a side has none.
    """
    return with_words(
        [_observed(each) for each in sides], {trial.id: trial for each in sides for trial in each.trials}
    )


def _observed(side: Chosen) -> Observations:
    found = observations(side.trials, side.label, side.tuned)
    if not found:
        raise NotFoundError(
            f"no trial of {side.label} ended well",
            cause=f"{count(len(side.trials), 'trial')}, none of which has the status ok"
            if side.trials
            else "no trial is selected",
            hint="see what there is: ledger log",
        )
    return found


def of_rows(side: Chosen, rows: Observations) -> Sequence[Trial]:
    """The trials of some rows, in their order."""
    by_id = {trial.id: trial for trial in side.trials}
    return [by_id[id] for id in rows.trials]


def objective(sides: Sequence[Chosen], found: Sequence[Observations], asked: Asked) -> Objective | None:
    """The metric that was asked for, else the one that all searches among the sides have for an objective.

    Raises
    ------
    UsageError
        If two are asked for, or a side does not have it.
    """
    if asked.minimize is not None and asked.maximize is not None:
        raise UsageError("one metric is needed", cause="both --minimize and --maximize are given")
    if asked.minimize is None and asked.maximize is None:
        tuned = {each.tuned.objectives for each in sides if each.tuned is not None}
        only = next(iter(tuned)) if len(tuned) == 1 else ()
        if len(only) != 1 or not all(_has(each, only[0].metric) for each in found):
            return None
        return only[0]
    name = asked.minimize if asked.minimize is not None else asked.maximize
    wanted = Objective(metric=name or "", maximize=asked.maximize is not None)
    for each in found:
        if not _has(each, wanted.metric):
            raise _no_metric(wanted.metric, each, found)
    return wanted


def refuse_unknown(sides: Sequence[Observations], asked: Asked) -> None:
    """Refuse to leave out what nobody has.

    Raises
    ------
    UsageError
        If no trial has a hyperparameter of that name.
    """
    names = list(dict.fromkeys(each.name for side in sides for each in side.variables))
    for name in asked.ignore:
        if name not in names:
            raise UsageError(
                f"no trial has a hyperparameter {name!r}, which is to be left out",
                cause=_nearest(name, names, "they have none"),
                hint="seeds are left out anyway; see the others: ledger show @",
            )


def _has(side: Observations, metric: str) -> bool:
    """Whether a trial has a value that can be compared."""
    from ledger.analysis.designs import LARGEST  # numpy, as all of this

    return any(abs(each) <= LARGEST for each in side.metrics.get(metric, ()))


def _no_metric(name: str, side: Observations, sides: Sequence[Observations]) -> UsageError:
    common = [each for each in side.metrics if all(_has(one, each) for one in sides)]
    if len(side.measured(name)):
        return UsageError(
            f"no trial of {side.label} has a value of {name!r} that can be compared",
            cause="all are so large that their squares are no numbers",
            hint="a metric that both sides have: --minimize METRIC or --maximize METRIC",
        )
    return UsageError(
        f"no trial of {side.label} has a finite value of {name!r}",
        cause=f"{count(len(side), 'trial')} ended well, with NaN or infinity if anything"
        if name in side.metrics
        else _nearest(name, common, "the sides have no metric in common"),
        hint="a metric that both sides have: --minimize METRIC or --maximize METRIC",
    )


def _nearest(name: str, names: Sequence[str], none: str) -> str:
    from difflib import get_close_matches

    near = get_close_matches(name, names, 3, 0.5)
    if near:
        return nearest(near)
    return f"there are {', '.join(names[:10])}" if names else none
