"""A parameter as somebody wrote it, before counts are spelled out and names are known."""

from ledger.errors import UsageError
from ledger.model import HyperparameterRole, Value
from ledger.model.frozen import frozen
from ledger.model.space import Domain


@frozen
class Count:
    """``for i in 1..layers``."""

    variable: str
    first: int
    last: int | str
    """Or the parameter that says it; its name may use the variables of earlier counts."""


@frozen
class Definition:
    """One parameter, or one for each step of its counts."""

    name: str
    """With ``{i}`` for the variable of each count."""
    domain: Domain
    role: HyperparameterRole | None = None
    default: Value = None
    condition: str | None = None
    counts: tuple[Count, ...] = ()
    place: str
    """Where it stands, for errors."""
    condition_place: str | None = None
    """Where its condition stands, if somewhere else."""

    @property
    def asked_at(self) -> str:
        """The place of its condition."""
        return self.condition_place or self.place


@frozen
class Constraint:
    """What must hold between parameters, or at each step of its counts."""

    text: str
    counts: tuple[Count, ...] = ()
    place: str
    """Where it stands, for errors."""


def refused(place: str, what: str, cause: str | None = None, hint: str | None = None) -> UsageError:
    """The refusal of something in a space."""
    return UsageError(f"{place}: {what}", cause=cause, hint=hint)
