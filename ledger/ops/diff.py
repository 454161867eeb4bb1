"""What two trials, or two experiments, have that is not the same."""

from collections.abc import Iterable, Mapping
from typing import Any, Final

from ledger.compare.base import Tolerance
from ledger.errors import UsageError
from ledger.model import (
    Difference,
    Hyperparameter,
    HyperparameterRole,
    Trial,
)
from ledger.model.codec import digest_of
from ledger.model.frozen import frozen, replace
from ledger.ops import (
    diff_code,
    diff_environment,
    diff_results,
    experiments,
    references,
    searches,
    why_command,
)
from ledger.ops.differences import Diff, enforced_seeds, values
from ledger.ops.experiments import Asked, Chosen, Experiments
from ledger.ops.objects import unique
from ledger.ops.observations import Selection
from ledger.ops.references import Kind
from ledger.ops.trials import Trials
from ledger.store.base import Store
from ledger.workspace import Workspace

_COMMAND: Final = "command"


@frozen
class Compared:
    """What two references came to."""

    kind: str
    """``trials``, ``experiments`` or ``selections``."""
    a: str
    """Id of a trial, name of an experiment, or what a filter says."""
    b: str
    """As `a`."""
    diff: Diff
    experiments: Experiments | None = None
    """How their metrics compare; None of trials."""


def compare(
    trials: Trials,
    a: str,
    b: str,
    store: Store,
    *,
    tolerance: Tolerance | None = None,
    timing: tuple[str, ...] = (),
    asked: Asked | None = None,
) -> Compared:
    """Compare what two references name: two experiments if both name one, else two trials.

    Raises
    ------
    NotFoundError, AmbiguousError
        If one of them names nothing, or more than one trial; or an experiment has no trial that ended well.
    UsageError
        If something is asked that only experiments can answer, or the metric is not there.
    """
    left, right = references.find(trials, a), references.find(trials, b)
    names = [each.trial.experiment for each in (left, right) if each.kind is Kind.EXPERIMENT]
    if names == [a, b]:
        sides = [_of_experiment(trials, name) for name in (a, b)]
        told, found = experiments.compare(sides[0], sides[1], store, asked, timing)
        return Compared(kind="experiments", a=a, b=b, diff=told, experiments=found)
    if asked not in (None, Asked()):
        raise UsageError(
            "two trials have no metric to be told from noise, and no configurations to pair",
            cause=f"{' and '.join(str(each.kind) for each in (left, right))}: expected two experiments",
            hint="two experiments, or two filters: ledger diff --where 'opt = sgd' --where 'opt = adam'",
        )
    told = diff(left.trial, right.trial, store, tolerance=tolerance, timing=timing)
    return Compared(kind="trials", a=str(left.trial.id), b=str(right.trial.id), diff=told)


def compare_selections(
    workspace: Workspace, a: Selection, b: Selection, asked: Asked | None = None
) -> Compared:
    """Compare the trials of two selections, as if they were two experiments.

    Raises
    ------
    UsageError
        If a filter is off, or a side does not have the metric.
    NotFoundError
        If there is no such experiment, or no trial of a side ended well.
    """
    sides = [experiments.chosen(workspace, each) for each in (a, b)]
    timing = workspace.config.replay.timing
    told, found = experiments.compare(sides[0], sides[1], workspace.store, asked, timing)
    return Compared(kind="selections", a=a.label, b=b.label, diff=told, experiments=found)


def _of_experiment(trials: Trials, name: str) -> Chosen:
    tuned = [each for each in trials.experiments.values() if each.name == name]
    return Chosen(
        label=name,
        trials=trials.of_experiment(name),
        tuned=searches.definition(tuned[-1]) if tuned else None,
    )


def diff(
    a: Trial,
    b: Trial,
    store: Store,
    *,
    tolerance: Tolerance | None = None,
    timing: tuple[str, ...] = (),
) -> Diff:
    """Compare two trials.

    Parameters
    ----------
    a, b
        The first is "expected", the second "got".
    store
        Where their objects are.
    tolerance
        How far apart two values of a metric may be; exact by default.
    timing
        Patterns of metrics that measure the clock.
    """
    code, code_problems = diff_code.compare(a, b, store)
    environment, environment_problems = diff_environment.compare(a, b, store)
    metrics, metric_problems = diff_results.metrics(a, b, store, tolerance or Tolerance(), timing)
    sections = {
        "verdict": _verdict(a, b),
        "hyperparameters": _hyperparameters(a, b),
        "seeds": _seeds(a, b),
        "code": code,
        "environment": environment,
        "inputs": diff_results.inputs(a, b, store),
        "metrics": metrics,
        "outputs": diff_results.outputs(a, b, store, tolerance or Tolerance()),
    }
    problems = unique([*code_problems, *environment_problems, *metric_problems])
    return Diff(sections=sections, summary=_summary(a, b, sections), problems=problems)


def _verdict(a: Trial, b: Trial) -> tuple[Difference, ...]:
    def facts(trial: Trial) -> dict[str, Any]:
        return {"status": str(trial.status), "exit_code": trial.outcome.exit_code if trial.outcome else None}

    intents = digest_of(a.intent), digest_of(b.intent)
    identity = values("verdict", {"intent": intents[0]}, {"intent": intents[1]}, counted=False)
    if a.recipe and b.recipe:
        identity += values("verdict", {"recipe": a.recipe}, {"recipe": b.recipe}, counted=False)
    return (*values("verdict", facts(a), facts(b)), *identity)


def _is_seed(parameter: Hyperparameter) -> bool:
    return parameter.role is HyperparameterRole.SEED


def _hyperparameters(a: Trial, b: Trial) -> tuple[Difference, ...]:
    def own(trial: Trial) -> dict[str, Any]:
        return {each.name: each.value for each in trial.hyperparameters if not _is_seed(each)}

    def command(trial: Trial) -> dict[str, Any]:
        intent = trial.intent
        return {_COMMAND: intent.argv, "directory": intent.directory, "standard input": intent.stdin}

    found = values("hyperparameters", own(a), own(b))
    # Two spellings of a command (--lr=1, --lr 1) are one configuration, so the command itself is only shown;
    # words that nothing has a name for, as of a program that is not looked into, count.
    told = bool(found) or not why_command.read(a, b).hyperparameters
    spelling = values("hyperparameters", command(a), command(b), counted=False)
    if told:
        return (*found, *spelling)
    return tuple(replace(each, counted=each.path == _COMMAND) for each in spelling)


def _seeds(a: Trial, b: Trial) -> tuple[Difference, ...]:
    def seeds(trial: Trial) -> dict[str, Any]:
        found: dict[str, Any] = {each.name: each.value for each in trial.hyperparameters if _is_seed(each)}
        return found | enforced_seeds(trial.intent)

    def generators(trial: Trial) -> dict[str, Any]:
        found: dict[str, Any] = {}
        for each in trial.observed.seeded if trial.observed else ():
            name = f"{each.generator} seeded"
            found[name] = (*found.get(name, ()), each.value)
        return found

    def draws(trial: Trial) -> dict[str, Any]:
        return {
            f"{each.generator} unseeded": each.where or "somewhere"
            for each in (trial.observed.entropy if trial.observed else ())
        }

    # Where the probe saw no process of one side, it says nothing that no generator was seeded there.
    watched = all(each.observed and each.observed.processes for each in (a, b))
    return (
        *values("seeds", seeds(a), seeds(b)),
        *values("seeds", generators(a), generators(b), counted=watched),
        *values("seeds", draws(a), draws(b), counted=False),
    )


def _summary(a: Trial, b: Trial, sections: Mapping[str, Iterable[Difference]]) -> str:
    counted = [name for name, found in sections.items() if any(each.counted for each in found)]
    if a.id == b.id:
        return "one and the same trial"
    made = [name for name in counted if name in ("verdict", "metrics", "outputs")]
    tried = [_kind(name, sections[name]) for name in counted if name not in made]
    named = ["status" if name == "verdict" else name for name in made]
    if not counted:
        return "the same in all that counts"
    if a.recipe is not None and a.recipe == b.recipe:
        return f"one recipe, and yet other {' and '.join(named)}" if made else "one recipe, the same results"
    if not made:
        return f"other {', '.join(tried)}; the same results"
    if not tried:
        return f"nothing recorded differs but the {', '.join(named)}"
    return f"other {', '.join(tried)}; other {', '.join(named)}"


def _kind(section: str, found: Iterable[Difference]) -> str:
    """How a section is called where something in it differs."""
    return _COMMAND if all(each.path == _COMMAND for each in found if each.counted) else section
