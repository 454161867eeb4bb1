"""Points of a search's space: what it tries by itself, its defaults, and what somebody asks for."""

from collections.abc import Mapping, Sequence

from ledger.errors import UsageError
from ledger.model import Hyperparameter, ProposalSource, Value
from ledger.model.search import Search
from ledger.model.space import Space
from ledger.ops.pinned import SOURCE
from ledger.ops.tune import seeds as tune_seeds
from ledger.ops.tune.history import Tried
from ledger.tune.base import Sampler
from ledger.tune.space.unit import Point, UnitSpace


def point_of(
    unit: UnitSpace,
    sampler: Sampler,
    search: Search,
    number: int,
    tried: Sequence[Tried],
) -> tuple[Point, ProposalSource]:
    """What a search tries by itself: its space's defaults first, if it has them, then what its sampler says.

    Where configurations are tried with several seeds, it may be one of them once more.

    Parameters
    ----------
    unit
        The search's space.
    sampler
        The search's, in whatever state.
    search
        The search.
    number
        Of the proposal.
    tried
        All proposals of the prefix, by number.
    """
    own = [each for each in tried if each.proposed.source is not ProposalSource.EARLIER]
    if not own:
        default = defaults(unit)
        if default is not None:
            return default, ProposalSource.DEFAULT
    again = tune_seeds.repeated(search, tried)
    if again is not None:
        return again, ProposalSource.REPEAT
    number, known = tune_seeds.asked(search, number, tried)
    sampler.update(known)
    return sampler.suggest(number), ProposalSource.SAMPLER


def is_equivalent(
    sampler: Sampler, search: Search, number: int, tried: Sequence[Tried], point: Point
) -> bool:
    """Whether `point_of` may have said `point` on another processor; parameters as there."""
    number, known = tune_seeds.asked(search, number, tried)
    sampler.update(known)
    return sampler.equivalent(number, point)


def defaults(unit: UnitSpace) -> Point | None:
    """The point of all defaults; None where one that is needed is missing, or it may not be tried."""
    try:
        point = unit.point(completed(unit, {}))
    except ValueError:
        return None
    return point if unit.feasible(point) else None


def completed(unit: UnitSpace, values: Mapping[str, Value]) -> dict[str, Value]:
    """Some values, and the defaults of all others that have one and are active.

    A fixed parameter has its value by default.
    """
    found: dict[str, Value] = {}
    for place, axis in enumerate(unit.axes):
        each = axis.parameter
        if not unit.active(place, found):
            continue
        if each.name in values:
            found[each.name] = values[each.name]
        elif each.default is not None:
            found[each.name] = each.default
        elif axis.fixed:
            found[each.name] = axis.value(0.5)
    return found | {name: value for name, value in values.items() if name not in found}


def enqueued(unit: UnitSpace, values: Mapping[str, Value]) -> dict[str, Value]:
    """Values that somebody asks for, the others by default.

    Raises
    ------
    UsageError
        If one is missing, or not in the space.
    """
    full = completed(unit, values)
    try:
        point = unit.point(full)
    except ValueError as error:
        told = ",".join(f"{name}={value}" for name, value in values.items())
        raise UsageError(
            f"cannot enqueue {told}",
            cause=str(error),
            hint="say a value for each parameter that has no default",
        ) from error
    if not unit.feasible(point):
        raise UsageError("cannot enqueue a point that breaks a constraint", cause=str(dict(full)))
    return full


def hyperparameters(space: Space, values: Mapping[str, Value]) -> tuple[Hyperparameter, ...]:
    """Values as hyperparameters, each with the type and role that its space says."""
    return tuple(
        Hyperparameter(
            name=each.name, value=values[each.name], type=each.domain.type, role=each.role, source=SOURCE
        )
        for each in space.parameters
        if each.name in values
    )
