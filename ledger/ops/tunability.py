"""What tuning a method to each data set gains, and how much it depends on that."""

from typing import TYPE_CHECKING, Any

import numpy as np

from ledger.analysis import sensitivity as sensitivities
from ledger.analysis import tunability as tunabilities
from ledger.analysis.statistics import intervals
from ledger.model import Value
from ledger.model.frozen import frozen
from ledger.model.jsonform import to_json
from ledger.ops.across import Asked, DataSets, asked
from ledger.workspace import Workspace

if TYPE_CHECKING:
    from ledger.analysis.sensitivity import Sensitivity
    from ledger.analysis.statistics.intervals import Interval
    from ledger.analysis.tunability import Gain, Tunability


@frozen
class Tuned:
    """What tuning gains, of which trials."""

    asked: Asked
    found: "Tunability"

    def interval(self, gain: "Gain") -> "Interval":
        """Of its mean over all data sets like these."""
        return intervals.of_mean(np.array(gain.gains))


@frozen
class Depends:
    """How much a method depends on being tuned, of which trials."""

    asked: Asked
    found: "Sensitivity"
    interval: "Interval"
    """Of Φ over all environments like these."""


def tunability(workspace: Workspace, question: DataSets) -> Tuned:
    """What tuning gains over the best common configuration. Raises as `across.asked`."""
    trials = asked(workspace, question)
    return Tuned(asked=trials, found=tunabilities.tunability(trials.table, trials.own))


def sensitivity(workspace: Workspace, question: DataSets) -> Depends:
    """How much is lost with one configuration for all environments.

    Raises
    ------
    IncomparableError
        If all configurations do equally well in one of them; else as `across.asked`.
    """
    trials = asked(workspace, question)
    found = sensitivities.sensitivity(trials.table)
    lost = found.scores.max(axis=1) - found.scores[:, found.common]
    return Depends(asked=trials, found=found, interval=intervals.of_mean(lost))


def tunability_document(tuned: Tuned) -> dict[str, Any]:
    """The form ``tunability.v1``."""
    found = tuned.found
    return {
        **_of_trials(tuned.asked),
        "defaults": _values(tuned.asked.table.values(found.defaults)),
        "all": _gain(tuned, found.all),
        "over_own_defaults": None if found.over is None else _gain(tuned, found.over),
        "hyperparameters": [_gain(tuned, each) for each in found.single],
        "pairs": [
            {
                **_gain(tuned, each.both),
                "joint": to_json(each.joint),
                "interaction": to_json(each.interaction),
            }
            for each in found.pairs
        ],
    }


def sensitivity_document(depends: Depends) -> dict[str, Any]:
    """The form ``sensitivity.v1``."""
    found = depends.found
    return {
        **_of_trials(depends.asked),
        "phi": to_json(found.phi),
        "interval": [to_json(depends.interval.low), to_json(depends.interval.high)],
        "common": _values(depends.asked.table.values(found.common)),
        "tuned": to_json(found.tuned),
        "dimension": [
            {"share": share, "hyperparameters": found.dimension(share)} for share in sensitivities.SHARES
        ],
        "steps": [
            {"names": list(each.names), "score": to_json(each.score), "exact": each.exact}
            for each in found.steps
        ],
    }


def _of_trials(trials: Asked) -> dict[str, Any]:
    table = trials.table
    return {
        "metric": trials.objective.metric,
        "direction": "maximize" if trials.objective.maximize else "minimize",
        "log": trials.log,
        "data_sets": [
            {"name": name, "trials": count, "other_configurations": others}
            for name, count, others in zip(table.names, table.trials, table.others, strict=True)
        ],
        "told_apart_by": list(trials.apart),
        "configurations": len(table),
        "explained": None if table.explained is None else [to_json(each) for each in table.explained],
        "doubtful": list(table.doubtful),
    }


def _gain(tuned: Tuned, gain: "Gain") -> dict[str, Any]:
    interval = tuned.interval(gain)
    return {
        "names": list(gain.names),
        "mean": to_json(gain.mean),
        "interval": [to_json(interval.low), to_json(interval.high)],
        "gains": [to_json(each) for each in gain.gains],
        "candidates": gain.candidates,
    }


def _values(values: dict[str, Value]) -> dict[str, Any]:
    return {name: to_json(value) for name, value in values.items()}
