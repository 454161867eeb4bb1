"""Trials of which an analysis can say something, or why there are none."""

from difflib import get_close_matches

from ledger.analysis.observations import Observations
from ledger.errors import UsageError
from ledger.ops.text import count, nearest


def measured(observations: Observations, metric: str, least: int) -> Observations:
    """The trials that have a finite value of a metric.

    Parameters
    ----------
    observations
        Trials that ended well.
    metric
        Its name.
    least
        How many are needed.

    Raises
    ------
    UsageError
        If no trial has such a metric, they are too few, differ in no hyperparameter, or have all one value.
    """
    label = observations.label
    if metric not in observations.metrics:
        near = get_close_matches(metric, list(observations.metrics), 3, 0.5)
        raise UsageError(
            f"no trial of {label} has a metric {metric!r}",
            cause=nearest(near) if near else f"they have {', '.join(observations.metrics)}",
            hint="see the metrics of one trial: ledger show @",
        )
    found = observations.measured(metric)
    infinite = len(observations) - len(found)
    if not found and least == 1:
        raise UsageError(
            f"no trial of {label} has a finite value of {metric!r}",
            cause=f"{count(infinite, 'trial')} ended well, with NaN or infinity if anything",
            hint="another metric: see those of one trial with ledger show @",
        )
    if len(found) < least:
        raise UsageError(
            f"too few trials of {label} to say what matters",
            cause=f"expected {least} that ended well with a value of {metric}, got {len(found)}"
            + (f" ({infinite} {'has' if infinite == 1 else 'have'} none, or NaN)" if infinite else ""),
            hint=f"run {least - len(found)} more, with other hyperparameters",
        )
    if least > 1 and not found.varying:
        raise UsageError(
            f"the trials of {label} differ in no hyperparameter",
            cause=f"{len(found)} trials of one configuration",
            hint="run some with other values; what seeds do: ledger seeds",
        )
    values = found.metrics[metric]
    if least > 1 and all(each == values[0] for each in values):
        raise UsageError(
            f"{metric} is {values[0]:g} for all trials of {label}",
            cause=f"{len(found)} trials with one value: nothing moves it",
            hint="choose another metric: see those of one trial with ledger show @",
        )
    return found
