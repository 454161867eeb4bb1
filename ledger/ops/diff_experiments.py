"""What two experiments have that is not the same: described, with no claim about significance."""

from collections.abc import Sequence

from ledger.model import Difference, HyperparameterRole, Status, Trial
from ledger.ops.differences import SECTIONS, Diff, same_value


def diff_experiments(a: Sequence[Trial], b: Sequence[Trial]) -> Diff:
    """Pair two experiments' configurations and compare the means of their metrics.

    A configuration is a trial's hyperparameters without its seeds. Only trials that ended well count. The
    means are described: whether they differ by more than chance is not said.
    """
    left, right = _configurations(a), _configurations(b)
    found: dict[str, list[Difference]] = {name: [] for name in SECTIONS}
    for key in sorted(left.keys() | right.keys()):
        mine, theirs = left.get(key, []), right.get(key, [])
        if mine and theirs:
            found["metrics"] += _means(key, mine, theirs)
        else:
            found["hyperparameters"].append(
                Difference(
                    part="hyperparameters",
                    path=key,
                    expected=len(mine) or None,
                    got=len(theirs) or None,
                    detail=f"trials of a configuration that only the {'first' if mine else 'second'} has",
                )
            )
    paired = len(left.keys() & right.keys())
    return Diff(
        sections={name: tuple(each) for name, each in found.items()},
        summary=f"{paired} configurations are in both (of {len(left)} and {len(right)}); "
        "means are described, not tested",
    )


def _configurations(trials: Sequence[Trial]) -> dict[str, list[Trial]]:
    """Trials that ended well, by their configuration as text."""
    groups: dict[str, list[Trial]] = {}
    for trial in trials:
        if trial.status is Status.OK:
            groups.setdefault(_configuration(trial), []).append(trial)
    return groups


def _configuration(trial: Trial) -> str:
    own = [each for each in trial.hyperparameters if each.role is not HyperparameterRole.SEED]
    return " ".join(f"{each.name}={_text(each.value)}" for each in sorted(own, key=lambda each: each.name))


def _text(value: object) -> str:
    """One text for values that are the same: 1 and 1.0 are, "1" is not."""
    if isinstance(value, float) and value.is_integer() and abs(value) < 2**53:
        return str(int(value))
    return repr(value)


def _means(key: str, a: Sequence[Trial], b: Sequence[Trial]) -> list[Difference]:
    left, right = _values(a), _values(b)
    found = []
    for name in sorted(left.keys() | right.keys()):
        sides = [each.get(name) for each in (left, right)]
        means = [sum(each) / len(each) if each else None for each in sides]
        if not same_value(means[0], means[1]):
            counts = " and ".join(str(len(each or ())) for each in sides)
            found.append(
                Difference(
                    part="metrics",
                    path=f"{key}: {name}" if key else name,
                    expected=means[0],
                    got=means[1],
                    detail=f"means of {counts} trials; described, not tested",
                )
            )
    return found


def _values(trials: Sequence[Trial]) -> dict[str, list[float]]:
    values: dict[str, list[float]] = {}
    for trial in trials:
        for metric in trial.outcome.metrics if trial.outcome else ():
            values.setdefault(metric.name, []).append(metric.last)
    return values
