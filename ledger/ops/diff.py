"""What two trials, or two experiments, have that is not the same."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from ledger.compare.base import Tolerance
from ledger.model import (
    Difference,
    Environment,
    Host,
    Hyperparameter,
    HyperparameterRole,
    Trial,
)
from ledger.model.codec import digest_of
from ledger.model.frozen import frozen
from ledger.ops import diff_code, diff_results, drift, references
from ledger.ops.diff_experiments import diff_experiments
from ledger.ops.differences import Diff, values
from ledger.ops.objects import Problem, load, unique
from ledger.ops.query import Trials
from ledger.ops.references import Kind
from ledger.store.base import Store


@frozen
class Compared:
    """What two references came to."""

    kind: str
    """``trials`` or ``experiments``."""
    a: str
    """Id of a trial, or name of an experiment."""
    b: str
    """As `a`."""
    diff: Diff


def compare(
    trials: Trials,
    a: str,
    b: str,
    store: Store,
    *,
    tolerance: Tolerance | None = None,
    timing: tuple[str, ...] = (),
) -> Compared:
    """Compare what two references name: two experiments if both name one, else two trials.

    Raises
    ------
    NotFoundError, AmbiguousError
        If one of them names nothing, or more than one trial.
    """
    left, right = references.find(trials, a), references.find(trials, b)
    names = [each.trial.experiment for each in (left, right) if each.kind is Kind.EXPERIMENT]
    if names == [a, b]:
        found = diff_experiments(trials.of_experiment(a), trials.of_experiment(b))
        return Compared(kind="experiments", a=a, b=b, diff=found)
    found = diff(left.trial, right.trial, store, tolerance=tolerance, timing=timing)
    return Compared(kind="trials", a=str(left.trial.id), b=str(right.trial.id), diff=found)


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
    environment, environment_problems = _environment(a, b, store)
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
        return {"command": intent.argv, "directory": intent.directory, "standard input": intent.stdin}

    # Two spellings of a command (--lr=1, --lr 1) are one configuration, so the command itself is only shown.
    spelling = values("hyperparameters", command(a), command(b), counted=False)
    return (*values("hyperparameters", own(a), own(b)), *spelling)


def _seeds(a: Trial, b: Trial) -> tuple[Difference, ...]:
    def seeds(trial: Trial) -> dict[str, Any]:
        found: dict[str, Any] = {each.name: each.value for each in trial.hyperparameters if _is_seed(each)}
        if trial.intent.seed is not None:
            found["--seed"] = trial.intent.seed
        return found

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


def _environment(a: Trial, b: Trial, store: Store) -> tuple[tuple[Difference, ...], tuple[Problem, ...]]:
    found: list[Difference] = []
    problems: list[Problem | None] = []
    if a.environment != b.environment:
        left, right = (load(store, Environment, each.environment, "environment") for each in (a, b))
        if left.noun and right.noun:
            found += (replace(each, counted=True) for each in drift.differences(left.noun, right.noun))
        else:
            problems += [left.problem, right.problem]
            found += values("environment", {"digest": a.environment}, {"digest": b.environment})
    found += values("environment", _locks(a), _locks(b), counted=False, prefix="lock file ")
    found += values("environment", _threads(a), _threads(b), counted=False, prefix="threads ")
    if a.observed and b.observed and a.observed.processes and b.observed.processes:
        settings = dict(a.observed.settings), dict(b.observed.settings)
        found += values("environment", settings[0], settings[1], counted=False, prefix="setting ")
    if a.host != b.host:
        hosts = [load(store, Host, each.host, "host") for each in (a, b)]
        facts = [_host(each.noun) for each in hosts if each.noun]
        problems += [each.problem for each in hosts]
        if len(facts) == 2:
            found += values("environment", facts[0], facts[1], counted=False, prefix="host ")
    return tuple(found), unique(problems)


def _threads(trial: Trial) -> dict[str, Any]:
    pools = trial.observed.threads if trial.observed else ()
    return {f"{each.api} {each.library}": each.threads for each in pools}


def _locks(trial: Trial) -> dict[str, Any]:
    return {each.path: each.digest or each.omitted for each in trial.locks}


def _host(host: Host) -> dict[str, Any]:
    return {
        "hostname": host.hostname,
        "machine": host.machine,
        "system": host.system,
        "cpu": host.cpu,
        "vector extensions": host.cpu_flags,
        "cpus": host.cpus,
        "gpus": tuple(each.name for each in host.gpus),
        "driver": host.driver,
        "container": host.container,
        "container image": host.container_image,
    }


def _summary(a: Trial, b: Trial, sections: Mapping[str, Iterable[Difference]]) -> str:
    counted = [name for name, found in sections.items() if any(each.counted for each in found)]
    if a.id == b.id:
        return "one and the same trial"
    made = [name for name in counted if name in ("verdict", "metrics", "outputs")]
    tried = [name for name in counted if name not in made]
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
