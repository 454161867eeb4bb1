"""Hyperparameters as these tests need them."""

from ledger.analysis.observations import Observations, Variable
from ledger.model import Digest, HyperparameterType
from ledger.model.space import Domain

REAL, INTEGER = HyperparameterType.REAL, HyperparameterType.INTEGER
CATEGORICAL, ORDINAL = HyperparameterType.CATEGORICAL, HyperparameterType.ORDINAL
UNIT = Domain(type=REAL, low=0.0, high=1.0)


def variable(name, values, type=REAL, **fields):
    """Of any sequence, or an array."""
    values = values.tolist() if hasattr(values, "tolist") else values
    return Variable(name=name, type=type, values=tuple(values), **fields)


def observed(*variables, **metrics):
    count = len(variables[0].values)
    return Observations(
        label="x",
        trials=tuple(Digest.of(str(each).encode()) for each in range(count)),
        variables=variables,
        seeds=(None,) * count,
        metrics={name: tuple(values) for name, values in metrics.items()},
    )
