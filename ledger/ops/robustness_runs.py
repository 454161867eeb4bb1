"""What is run around a trial, to see how much its result moves."""

from collections.abc import Mapping
from typing import Final

from ledger.analysis.neighbours import FRACTION
from ledger.errors import UsageError
from ledger.model import Trial, TrialProposed, Value
from ledger.model.frozen import frozen
from ledger.model.search import Search
from ledger.ops import searches
from ledger.ops.attempt import can_be_made
from ledger.ops.hybrid_names import tag_of_one
from ledger.ops.reruns import AUTO, Wanted
from ledger.ops.seed_sources import ALL, Reseeding
from ledger.ops.seeds import drawn
from ledger.ops.small_changes import Around, Changes
from ledger.ops.trials import Trials
from ledger.tune.template import rendered
from ledger.workspace import Workspace


@frozen
class RobustnessOptions:
    """What is asked for."""

    minimize: str | None = None
    maximize: str | None = None
    """The metric; by default what the experiment was tuned for."""
    fraction: float = FRACTION
    """Of a domain's length, or of the value itself where nobody knows a domain: what a small change is."""
    around: str | None = None
    """A reference: only neighbours of this trial's configuration; by default all."""
    group: str | None = None
    """What tells groups apart: a hyperparameter, ``tag``, ``environment``, or another field of trials."""
    run: bool = False
    """Whether neighbours that are missing are run, around that trial, or around the best one."""
    joint: int = 8
    """How many changes of several hyperparameters at once are run."""
    seeds: int = 0
    """With how many seeds each is run, and the trial itself; 0: with the trial's own seed, once."""
    seed: int = 0
    """Of what is drawn."""
    experiment: str | None = None
    """Of what is run; by default ``robustness/`` and the trial's short id."""
    env: str = AUTO
    timeout: float | None = None
    """Seconds after which a trial is ended."""
    jobs: int = 1
    dry_run: bool = False


_OF_RUNS: Final = {
    "joint": "-n",
    "seeds": "--seeds",
    "seed": "--seed",
    "experiment": "-x",
    "env": "--env",
    "timeout": "--timeout",
    "jobs": "-j",
    "dry_run": "--dry-run",
}
"""Options that say how trials are run."""


def of_runs(options: RobustnessOptions) -> tuple[str, ...]:
    """What was said of how trials are run, as the command calls it."""
    usual = RobustnessOptions()
    return tuple(text for name, text in _OF_RUNS.items() if getattr(options, name) != getattr(usual, name))


def proposal(trials: Trials, trial: Trial) -> tuple[Search | None, TrialProposed | None]:
    """The search that proposed a trial, and what it proposed."""
    proposed = None if trial.proposal is None else trials.proposals.get(trial.proposal)
    created = None if proposed is None else trials.experiments.get(proposed.search)
    search = searches.definition(created)
    return (None, None) if search is None else (search, proposed)


def around_of(trials: Trials, centre: Trial, options: RobustnessOptions) -> tuple[Around, Changes]:
    """A trial's neighbourhood, and what of it is tried.

    Raises
    ------
    UsageError
        If nothing of the trial can be changed a little.
    IncomparableError
        If it cannot be made again.
    """
    can_be_made(centre)
    search, proposed = proposal(trials, centre)
    values = None if proposed is None else dict(proposed.values)
    seed = None if proposed is None else proposed.seed
    around = Around(centre, search, values, options.fraction, seed)
    changes = around.changes(options.joint, options.seed)
    if not changes.alone:
        raise UsageError(
            f"nothing of {centre.id.short} can be changed a little",
            cause="numbers and ordinal values are, where they stand on its command line; it has none there",
            hint="give them as arguments: python train.py --lr 0.1",
        )
    return around, changes


def experiment(centre: Trial, options: RobustnessOptions) -> str:
    """Of what is run around a trial."""
    return options.experiment or f"robustness/{centre.id.short}"


def wanted(
    workspace: Workspace, centre: Trial, around: Around, changes: Changes, options: RobustnessOptions
) -> list[Wanted]:
    """All trials around one, each with every seed that is asked for."""
    found: list[Wanted] = []
    every: list[Mapping[str, Value]] = [*changes.alone, *changes.joint]
    if options.seeds:
        every.insert(0, {})
    for changed in every:
        made = around.trial_with(changed)
        told = ", ".join(f"{name}={rendered(value)}" for name, value in changed.items())
        message = f"{centre.id.short} with {told or 'all as it was'}"
        twins = [(made, message)]
        if options.seeds:
            reseeding = Reseeding(made, workspace.store)
            twins = [
                (reseeding.twin(ALL, seed), f"{message}, and the seed {seed}")
                for seed in drawn(options.seed, options.seeds, reseeding.sources)
            ]
        found += [
            Wanted(
                composed=composed,
                message=text,
                tag=tag_of_one("robustness", centre.id),
                experiment=experiment(centre, options),
            )
            for composed, text in twins
        ]
    return found
