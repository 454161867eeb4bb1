"""The greedy path from one configuration to another, by trials, predictions and runs."""

import math
from collections.abc import Callable, Mapping

from ledger.analysis.ablation import Step, Taken, path
from ledger.analysis.observations import Observations, Variable
from ledger.errors import NotFoundError
from ledger.model import Value
from ledger.model.frozen import frozen, replace
from ledger.model.space import Objective
from ledger.ops import ablation_ends, query, references
from ledger.ops import observations as reading
from ledger.ops.ablation_ends import End
from ledger.ops.ablation_noise import Noise, half, noise
from ledger.ops.ablation_points import Point, Points
from ledger.ops.measured import measured
from ledger.ops.observations import Selection
from ledger.workspace import Workspace

DEFAULT, BEST = "default", "best"


@frozen
class AblationOptions:
    """From where to where, and how."""

    start: str = DEFAULT
    """``default``, or a reference."""
    end: str = BEST
    """``best``, or a reference."""
    run: bool = False
    """Run configurations of the path that no trial had, rather than take predictions of them."""
    env: str = "recreate"
    """Of what is run: ``recreate`` or ``current``, as `ledger.ops.attempt.Conditions` has it."""
    timeout: float | None = None
    """Seconds after which a run is ended."""
    seed: int = 0
    """Of the forest."""


@frozen
class Ablation:
    """The path."""

    label: str
    objective: Objective
    trials: int
    """That ended well and have a finite value: predictions are made of them."""
    explained: float | None
    """R² out of bag of the forest that predicts; None where nothing is predicted."""
    noise: Noise | None
    """Of one trial; None where no configuration was tried twice, and nothing is predicted."""
    start: End
    end: End
    points: tuple[Point, ...]
    """The start, and what is behind each step."""
    run: int
    """Commands that were run."""
    failed: tuple[str, ...]
    """Why some of them told nothing."""

    @property
    def gain(self) -> float:
        """By how much the end is better than the start, in the metric's unit."""
        change = self.points[-1].value - self.points[0].value
        return change if self.objective.maximize else -change

    def step(self, place: int) -> tuple[float, float | None]:
        """By how much one step makes it better, and half of that's 95 % interval; None: nothing tells it."""
        before, after = self.points[place - 1], self.points[place]
        change = after.value - before.value
        return change if self.objective.maximize else -change, half([before.error, after.error])

    def in_noise(self, place: int) -> bool | None:
        """Whether chance explains one step."""
        gain, far = self.step(place)
        return None if far is None or not math.isfinite(gain) else abs(gain) <= far

    @property
    def mixed(self) -> bool:
        """Whether some values of the path are measured, and some predicted."""
        return len({each.spread is None for each in self.points}) > 1


def ablation(
    workspace: Workspace,
    selection: Selection,
    *,
    minimize: str | None = None,
    maximize: str | None = None,
    options: AblationOptions | None = None,
    variables: Mapping[str, str] | None = None,
    progress: Callable[[str], None] = lambda _: None,
) -> Ablation:
    """Go from one configuration to another, the most useful step first.

    Parameters
    ----------
    workspace
        The ledger.
    selection
        The trials that tell, and of which the best is meant.
    minimize, maximize
        The metric: one of both, or neither where the experiment was tuned for one.
    options
        From where to where, and how.
    variables
        The user's environment; this process's by default.
    progress
        Takes a line for each run.

    Raises
    ------
    UsageError
        If no trial has the metric, the ends are one, or the default is not known; or if something was not
        tried and the trials are too few to predict it.
    NotFoundError
        If there is no such experiment, or trial.
    LedgerError
        If a prediction is needed, and scikit-learn is not installed.
    """
    options = options or AblationOptions()
    wanted = reading.objective(workspace, selection, minimize=minimize, maximize=maximize)
    own = measured(reading.gather(workspace, selection), wanted.metric, 1)
    known = _with_earlier(workspace, selection, own, wanted.metric)
    tuned = reading.definition(workspace, selection)
    # 1. The ends.
    if options.start == DEFAULT:
        start = ablation_ends.default(own, tuned)
    else:
        start = _named(workspace, own, options.start)
    end = ablation_ends.best(own, wanted) if options.end == BEST else _named(workspace, own, options.end)
    known = _with_named(workspace, known, (start, end), wanted.metric)
    groups = ablation_ends.groups(own, start, end)
    # 2. The path.
    runner = None
    if options.run:
        from ledger.ops.ablation_run import Runner

        runner = Runner(workspace, selection, tuned, (start, end), options, variables, progress)
    going = Points(known, wanted, start, end, options.seed, runner)
    first = going.estimate(frozenset())
    if not first.measured:
        first = going.settle(frozenset()) or first
    steps = path(groups, going.estimate, going.settle)
    # 3. What it is made of.
    chance = noise(known, wanted.metric, going.explained)
    taken: Taken = frozenset()
    points = [going.point(taken, Step(group=(), estimate=first, others={}), chance)]
    for step in steps:
        taken |= {step.group}
        points.append(going.point(taken, step, chance))
    return Ablation(
        label=selection.label,
        objective=wanted,
        trials=len(known),
        explained=going.explained,
        noise=chance,
        start=start,
        end=end,
        points=tuple(points),
        run=0 if runner is None else runner.count,
        failed=() if runner is None else tuple(runner.failed),
    )


def experiment_of(selection: Selection) -> str:
    """The experiment of what an ablation runs; a search's own has proposals alone."""
    return f"{selection.experiment or 'all'}-ablation"


def _named(workspace: Workspace, own: Observations, reference: str) -> End:
    trial = references.resolve(query.load(workspace.journal), reference)
    return ablation_ends.of_trial(own, trial, reference)


def _with_earlier(workspace: Workspace, selection: Selection, own: Observations, metric: str) -> Observations:
    """The trials, and what earlier ablations of them have run."""
    try:
        more = reading.gather(workspace, Selection(experiment=experiment_of(selection)))
    except NotFoundError:
        return own
    return _joined(own, more, metric)


def _with_named(workspace: Workspace, own: Observations, ends: tuple[End, End], metric: str) -> Observations:
    """The trials, and ends that a person named among others."""
    outside = [each.trial for each in ends if each.trial is not None and each.trial not in own.trials]
    if not outside:
        return own
    trials = query.load(workspace.journal)
    return _joined(own, reading.observations([trials.by_id[each] for each in outside], own.label), metric)


def _joined(own: Observations, more: Observations, metric: str) -> Observations:
    if metric not in more.metrics:
        return own
    more = more.measured(metric)
    by_name = {each.name: each for each in more.variables}
    new = [row for row, id in enumerate(more.trials) if id not in own.trials]
    nothing: tuple[Value, ...] = (None,) * len(more)
    return replace(
        own,
        trials=(*own.trials, *(more.trials[row] for row in new)),
        variables=tuple(_longer(each, by_name.get(each.name), nothing, new) for each in own.variables),
        seeds=(*own.seeds, *(more.seeds[row] for row in new)),
        metrics={metric: (*own.metrics[metric], *(more.metrics[metric][row] for row in new))},
    )


def _longer(own: Variable, more: Variable | None, nothing: tuple[Value, ...], new: list[int]) -> Variable:
    values = nothing if more is None else more.values
    return replace(own, values=(*own.values, *(values[row] for row in new)))
