"""What a search may try, and what it looks for."""

from ledger.model.frozen import frozen
from ledger.model.trial import HyperparameterRole, HyperparameterType, Value


@frozen
class Domain:
    """The values that one hyperparameter may have.

    Real and integer ones have bounds, all others a list of choices. Where bounds are equal, or where there is
    one choice, the value is fixed.
    """

    type: HyperparameterType
    low: int | float | None = None
    """Smallest value, included; None for choices."""
    high: int | float | None = None
    """Largest value, included; None for choices."""
    log: bool = False
    """Whether ratios count, rather than differences."""
    step: int | float | None = None
    """Values are ``low + k × step``; None for no grid (integers: 1)."""
    choices: tuple[Value, ...] = ()
    """All values; in order where the domain is ordinal, False and True where it is boolean."""


@frozen
class Parameter:
    """A hyperparameter that is searched."""

    name: str
    domain: Domain
    role: HyperparameterRole | None = None
    default: Value = None
    """Where a search begins; None where nobody said."""
    condition: str | None = None
    """When it has a value, as a filter over parameters that come before it, in the one form that a filter of
    its meaning has; None: always."""


@frozen
class Space:
    """All hyperparameters of a search."""

    parameters: tuple[Parameter, ...]
    """In the order of their definition, counts spelled out; conditions name earlier ones only."""
    constraints: tuple[str, ...] = ()
    """What must hold between them: comparisons of terms over parameters (`ledger.tune.space.constraints`),
    each in its one form. Only what is false forbids: a comparison with a parameter that has no value is
    not."""


@frozen
class Objective:
    """A metric that should be small, or large."""

    metric: str
    maximize: bool = False
