"""Which hyperparameters of some trials matter: for a metric, for what it costs, and for overfitting."""

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
from threadpoolctl import threadpool_limits

from ledger.analysis.importance.overfitting import Overfitting, overfitting, pairs
from ledger.analysis.importance.ped_anova import LEAST, Preferences, number_of_best, ped_anova
from ledger.analysis.observations import Observations
from ledger.errors import UsageError
from ledger.model import Digest
from ledger.model.frozen import field, frozen
from ledger.model.space import Objective
from ledger.ops import observations as reading
from ledger.ops.favoured import Favoured, favoured
from ledger.ops.measured import measured
from ledger.ops.observations import Selection
from ledger.workspace import Workspace

if TYPE_CHECKING:
    from ledger.analysis.importance.axes import Axis
    from ledger.analysis.importance.explained import Explained

COSTS = ("duration_s", "peak_memory")
PED_ANOVA, FANOVA = "ped-anova", "fanova"
METHODS = (PED_ANOVA, FANOVA)


@frozen
class ImportanceOptions:
    """How importance is found."""

    method: str = PED_ANOVA
    """One of `METHODS`."""
    quantile: float | None = None
    """γ′: the share of the trials that count as the best; a tenth, and ten trials at least, by default."""
    among: float = 1.0
    """γ: the share of the trials among which the best are looked for."""
    pairs: bool = False
    """Pairs of hyperparameters, too: by fanova alone."""
    local: bool = False
    """Close to the best trial, too: by the forest of fanova, whatever the method."""
    costs: bool = True
    """Whether to tell the same of `COSTS`."""
    against: str | None = None
    """The training metric of which the metric tells on unseen data; found by their names by default."""
    seed: int = 0
    """Of resampling, and of a forest."""


@frozen
class OfMetric:
    """What matters for one metric; one of both."""

    objective: Objective
    preferences: Preferences | None
    """By PED-ANOVA."""
    explained: "Explained | None"
    """By fanova; beside PED-ANOVA it is there for what is close to the best trial."""
    favoured: Mapping[str, Favoured] = field(default_factory=dict)
    """What the best trials have of each hyperparameter: by PED-ANOVA."""


@frozen
class Importance:
    """Which hyperparameters matter, for what."""

    label: str
    method: str
    trials: int
    """That ended well and have a finite value of the metric."""
    others: int
    """That were chosen, too."""
    fixed: tuple[str, ...]
    """Hyperparameters in which they do not differ."""
    best: Digest
    """The trial with the best value, the oldest of equal ones."""
    value: float
    """Its value."""
    metric: OfMetric
    costs: tuple[OfMetric, ...]
    """Of those that can be told."""
    overfitting: tuple[Overfitting, ...]
    looked_at: tuple[tuple[str, str], ...]
    """Pairs of metrics of which overfitting would show."""


def importance(
    workspace: Workspace,
    selection: Selection,
    *,
    minimize: str | None = None,
    maximize: str | None = None,
    options: ImportanceOptions | None = None,
) -> Importance:
    """Find which hyperparameters matter.

    Parameters
    ----------
    workspace
        The ledger.
    selection
        Which trials.
    minimize, maximize
        The metric: one of both, or neither where the experiment was tuned for one.
    options
        How.

    Raises
    ------
    UsageError
        If options do not go together, no trial has the metric, or the trials say nothing: they are too few,
        differ in no hyperparameter, or have all one value.
    NotFoundError
        If there is no such experiment, or none of its trials ended well.
    LedgerError
        If a forest is asked for, and scikit-learn is not installed.
    """
    from ledger.analysis.importance import axes

    options = options or ImportanceOptions()
    _check(options)
    everything = reading.gather(workspace, selection)
    wanted = reading.objective(workspace, selection, minimize=minimize, maximize=maximize)
    found = measured(everything, wanted.metric, _least(options))
    made = axes.axes(found)
    if not made:
        raise UsageError(
            f"the trials of {found.label} differ in nothing that can be compared",
            cause="where they differ there is NaN, an infinity or no value",
        )
    values = found.metrics[wanted.metric]
    best = min(range(len(values)), key=lambda row: -values[row] if wanted.maximize else values[row])
    looked = _pairs(everything, wanted.metric, options.against)
    with threadpool_limits(1, user_api="blas"):  # small products take longer on several
        told = _of_metric(found, made, wanted, options, at=best if options.local else None)
        costs = _costs(found, made, wanted.metric, options) if options.costs else ()
        overfits = overfitting(everything, looked)
    return Importance(
        label=selection.label,
        method=options.method,
        trials=len(found),
        others=found.others,
        fixed=tuple(each.name for each in found.variables if not each.varies),
        best=found.trials[best],
        value=values[best],
        metric=told,
        costs=costs,
        overfitting=overfits,
        looked_at=looked,
    )


def _check(options: ImportanceOptions) -> None:
    if options.method not in METHODS:
        raise UsageError(f"no method {options.method!r}", cause=f"expected one of {', '.join(METHODS)}")
    if options.pairs and options.method != FANOVA:
        raise UsageError(
            "pairs by PED-ANOVA",
            cause="it looks at each hyperparameter alone",
            hint="--method fanova --pairs",
        )
    if options.method == FANOVA and (options.quantile is not None or options.among != 1.0):
        raise UsageError(
            "a quantile for fanova", cause="--quantile and --among say which trials PED-ANOVA compares"
        )
    for name, share in (("--quantile", options.quantile), ("--among", options.among)):
        if share is not None and not 0 < share <= 1:
            raise UsageError(f"{name} of {share:g}", cause="expected a share of the trials, above 0, up to 1")
    if options.quantile is not None and options.quantile >= options.among:
        raise UsageError(
            "the best trials are all of those among which they are looked for",
            cause=f"--quantile {options.quantile:g} is not below --among {options.among:g}",
        )


def _least(options: ImportanceOptions) -> int:
    from ledger.analysis.importance import explained  # numpy, as all of this

    return explained.LEAST if options.method == FANOVA or options.local else LEAST


def _of_metric(
    found: Observations,
    made: "Sequence[Axis]",
    objective: Objective,
    options: ImportanceOptions,
    *,
    at: int | None = None,
) -> OfMetric:
    from ledger.analysis.importance import axes

    losses = axes.losses(found.metrics[objective.metric], maximize=objective.maximize)
    preferences, explained = None, None
    have: dict[str, Favoured] = {}
    if options.method == PED_ANOVA:
        try:
            preferences = ped_anova(
                made, losses, quantile=options.quantile, among=options.among, seed=options.seed
            )
        except ValueError as error:
            raise _no_best(objective, found, options) from error
        last = np.partition(losses, preferences.best - 1)[preferences.best - 1]
        best = np.flatnonzero(losses <= last).tolist()
        have = {each.name: favoured(each, best) for each in found.varying}
    if options.method == FANOVA or at is not None:
        from ledger.analysis.importance.explained import explain

        explained = explain(made, losses, pairs=options.pairs, at=at, seed=options.seed)
    return OfMetric(objective=objective, preferences=preferences, explained=explained, favoured=have)


def _no_best(objective: Objective, found: Observations, options: ImportanceOptions) -> UsageError:
    count = number_of_best(len(found), options.quantile)
    among = math.ceil(options.among * len(found))
    if count >= among:
        return UsageError(
            "the best trials are all of those among which they are looked for",
            cause=f"of {len(found)} trials {count} count as the best, and they are looked for among {among}",
            hint="a smaller --quantile, a larger --among, or more trials",
        )
    return UsageError(
        f"the best trials cannot be told from the others by {objective.metric}",
        cause=f"{len(found)} trials, so many of which have the same value that the {count} best are all of"
        " those among which they are looked for",
        hint="another metric, such as a loss, tells more; or --method fanova",
    )


def _costs(
    found: Observations, made: "Sequence[Axis]", metric: str, options: ImportanceOptions
) -> tuple[OfMetric, ...]:
    """Of the costs that all of the trials have, and that are not the same for all."""
    told = []
    for name in COSTS:
        values = found.metrics.get(name, ())
        if name == metric or len(set(values)) < 2 or len(found.measured(name)) < len(found):
            continue
        try:
            told.append(_of_metric(found, made, Objective(metric=name), options))
        except UsageError:
            continue  # nearly all cost the same
    return tuple(told)


def _pairs(observations: Observations, metric: str, against: str | None) -> tuple[tuple[str, str], ...]:
    if against is None:
        return tuple(pairs(observations.metrics))
    measured(observations, against, 1)
    return ((against, metric),)
