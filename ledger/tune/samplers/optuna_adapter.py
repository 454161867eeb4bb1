"""Any sampler of Optuna behind our two methods.

A study is made anew from the observations for each suggestion, and a sampler that is seeded by the trial's
number, so that the suggestion is a pure function of what a suggestion may depend on. Optuna promises no bits
across its releases and processors: `registry.packages` says what to record beside the proposals.
"""

import warnings
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from importlib.util import find_spec
from inspect import signature
from typing import Any, ClassVar, Final

import optuna
from optuna.distributions import BaseDistribution
from optuna.samplers import BaseSampler, CmaEsSampler, NSGAIIISampler, NSGAIISampler, QMCSampler
from optuna.trial import FrozenTrial, Trial, TrialState, create_trial

from ledger.errors import UsageError
from ledger.model import Value
from ledger.tune.base import Observation, Sampler, State
from ledger.tune.draws import Draws
from ledger.tune.samplers import candidates
from ledger.tune.samplers.optuna_axis import OptunaAxis
from ledger.tune.space.unit import Point, UnitSpace

_PURPOSE, _RANDOM = 8, 9
_TRIES = 10
"""Suggestions that may break a constraint between parameters before a point is drawn at random."""
_ASKED: Final = (CmaEsSampler, NSGAIIISampler, NSGAIISampler, QMCSampler)
"""Samplers that keep notes with each trial as they are asked: all trials are asked for again, in order."""
_NEEDS: Final = {"GPSampler": "torch"}
"""What Optuna imports only once the first trials are over."""
_SINGLE: Final = ("CmaEsSampler",)
_STATES: Final = {
    State.PENDING: TrialState.RUNNING,
    State.DONE: TrialState.COMPLETE,
    State.FAILED: TrialState.FAIL,
    State.PRUNED: TrialState.PRUNED,
}
_CONSTRAINTS = "constraints"
"""Where Optuna keeps by how much a trial misses its constraints."""


class OptunaSampler(Sampler):
    """One of ``optuna.samplers``.

    Parameters
    ----------
    space, objectives, seed
        As `Sampler`.
    argument
        Name of the class, as ``optuna:TPESampler`` has it.
    **options
        Of its constructor.

    Raises
    ------
    UsageError
        If there is no such class, it does not take these options, it needs a package that is missing, or it
        cannot look for so many objectives.
    """

    name: ClassVar[str] = "optuna"
    versions: ClassVar[tuple[int, ...]] = (1, 2)
    several: ClassVar[bool] = True

    def __init__(
        self,
        space: UnitSpace,
        objectives: int,
        seed: int,
        version: int | None = None,
        *,
        argument: str = "TPESampler",
        **options: Any,
    ) -> None:
        super().__init__(space, objectives, seed, version)
        self._fresh = candidates.FRESH[self.version]
        self._kind = _kind(argument)
        if objectives > 1 and argument in _SINGLE:
            raise UsageError(
                f"Optuna's {argument} looks for one objective",
                cause=f"got {objectives} of them",
                hint="take one that can: --sampler optuna:TPESampler or --sampler optuna:NSGAIISampler",
            )
        needed = _NEEDS.get(argument)
        if needed and find_spec(needed) is None:
            raise UsageError(
                f"Optuna's {argument} needs the package {needed}",
                cause="it is not installed",
                hint=f"python -m pip install {needed}",
            )
        self._options = options
        self._parameters = [None if axis.fixed else OptunaAxis(axis) for axis in space.axes]
        self._observations: tuple[Observation, ...] = ()
        self._made(0)  # says at once what is wrong with the options

    def update(self, observations: Sequence[Observation]) -> None:
        """Take all that is known; it replaces what was known before."""
        self._observations = tuple(observations)

    def suggest(self, number: int) -> Point:
        """What the sampler suggests; a random point where that breaks a constraint between parameters.

        In a space without a continuous axis a point that was tried is replaced by one that was not.

        Raises
        ------
        SpaceExhaustedError
            If there is nothing left to try.
        UsageError
            If the sampler cannot search such a space.
        """
        known = candidates.tried(self._observations)
        finite = self.space.size is not None
        with _quiet():
            study = self._study(number)
            for _ in range(_TRIES):
                trial = study.ask()
                try:
                    point = self._asked(trial)
                except ValueError as error:
                    raise UsageError(
                        f"Optuna's {self._kind.__name__} cannot search this space",
                        cause=str(error),
                        hint="take one that can: --sampler optuna:TPESampler",
                    ) from error
                if self.space.feasible(point) and not (finite and point in known):
                    return point
                try:
                    study.tell(trial, state=TrialState.FAIL)
                except RuntimeError:  # BruteForceSampler has seen all, and stops a study that does not run
                    break
        return self._fresh(self.space, Draws(self.seed, number, _RANDOM), known)

    def _made(self, number: int) -> BaseSampler:
        """The sampler, seeded by the trial's number."""
        accepted = signature(self._kind).parameters
        given: dict[str, Any] = dict(self._options)
        if "seed" in accepted:
            once = issubclass(self._kind, _ASKED)  # these draw for all trials, one after the other
            given["seed"] = Draws(self.seed, 0 if once else number, _PURPOSE).word() >> 33
        if "constraints_func" in accepted and any(each.violation > 0 for each in self._observations):
            given["constraints_func"] = self._violation
        try:
            with _quiet():
                return self._kind(**given)
        except (TypeError, ValueError) as error:
            raise UsageError(
                f"{self._kind.__name__} cannot be made",
                cause=str(error),
                hint=f"it takes {', '.join(accepted)}",
            ) from error

    def _violation(self, trial: FrozenTrial) -> tuple[float, ...]:
        return (
            self._observations[trial.number].violation if trial.number < len(self._observations) else 0.0,
        )

    def _study(self, number: int) -> optuna.Study:
        sampler = self._made(number)
        study = optuna.create_study(sampler=sampler, directions=["minimize"] * self.objectives)
        if isinstance(sampler, _ASKED):
            recorded = _Recorded(sampler)
            study.sampler = recorded
            for each in self._observations:
                recorded.given = self._given(each.point)
                self._ask_again(study, each)
            recorded.given = {}
            for _ in range(number - len(self._observations)):  # what is not known was asked for, too
                trial = study.ask()
                self._asked(trial)
                study.tell(trial, state=TrialState.FAIL)
        else:
            study.add_trials([self._trial(each) for each in self._observations])
        return study

    def _ask_again(self, study: optuna.Study, observation: Observation) -> None:
        trial = study.ask()
        self._asked(trial)
        if observation.state is State.PENDING:
            return
        if observation.state is State.PRUNED and len(observation.losses) == 1:
            trial.report(observation.losses[0], _step(observation))
        values = observation.losses if observation.state is State.DONE else None
        study.tell(trial, values, state=_STATES[observation.state])

    def _trial(self, observation: Observation) -> FrozenTrial:
        pruned = observation.state is State.PRUNED and len(observation.losses) == 1
        return create_trial(
            state=_STATES[observation.state],
            values=observation.losses if observation.state is State.DONE else None,
            params=self._given(observation.point),
            distributions={
                each.name: each.distribution
                for each, coordinate in zip(self._parameters, observation.point, strict=True)
                if each is not None and coordinate is not None
            },
            intermediate_values={_step(observation): observation.losses[0]} if pruned else None,
            system_attrs={_CONSTRAINTS: [observation.violation]},
        )

    def _given(self, point: Point) -> dict[str, Any]:
        return {
            each.name: each.inner(coordinate)
            for each, coordinate in zip(self._parameters, point, strict=True)
            if each is not None and coordinate is not None
        }

    def _asked(self, trial: Trial) -> Point:
        """Ask for each parameter whose condition holds."""
        coordinates: list[float] = []
        known: dict[str, Value] = {}
        for place, (axis, parameter) in enumerate(zip(self.space.axes, self._parameters, strict=True)):
            active = self.space.active(place, known)
            coordinate = parameter.coordinate(trial) if active and parameter is not None else 0.5
            coordinates.append(coordinate)
            if active:
                known[axis.parameter.name] = axis.value(coordinate)
        return self.space.completed(coordinates)


class _Recorded(BaseSampler):
    """A sampler that is asked as it was in the search, and says what was tried then, where that is known."""

    def __init__(self, inner: BaseSampler) -> None:
        self._inner = inner
        self.given: dict[str, Any] = {}

    def infer_relative_search_space(
        self, study: optuna.Study, trial: FrozenTrial
    ) -> dict[str, BaseDistribution]:
        return self._inner.infer_relative_search_space(study, trial)

    def sample_relative(
        self, study: optuna.Study, trial: FrozenTrial, search_space: dict[str, BaseDistribution]
    ) -> dict[str, Any]:
        sampled = self._inner.sample_relative(study, trial, search_space)
        return {name: self.given.get(name, value) for name, value in sampled.items()}

    def sample_independent(
        self, study: optuna.Study, trial: FrozenTrial, param_name: str, param_distribution: BaseDistribution
    ) -> Any:
        sampled = self._inner.sample_independent(study, trial, param_name, param_distribution)
        return self.given.get(param_name, sampled)

    def before_trial(self, study: optuna.Study, trial: FrozenTrial) -> None:
        self._inner.before_trial(study, trial)

    def after_trial(
        self, study: optuna.Study, trial: FrozenTrial, state: TrialState, values: Sequence[float] | None
    ) -> None:
        self._inner.after_trial(study, trial, state, values)


def _step(observation: Observation) -> int:
    return int(observation.resource or 0)


def _kind(name: str) -> type[BaseSampler]:
    kinds = {
        key: each
        for key, each in ((key, getattr(optuna.samplers, key, None)) for key in optuna.samplers.__all__)
        if isinstance(each, type) and issubclass(each, BaseSampler) and each is not BaseSampler
    }
    if name not in kinds:
        from difflib import get_close_matches

        near = get_close_matches(name, kinds, n=1, cutoff=0.4)
        raise UsageError(
            f"Optuna has no sampler {name!r}",
            cause=f"it has {', '.join(sorted(kinds))}",
            hint=f"did you mean: --sampler optuna:{near[0]}"
            if near
            else "name one: --sampler optuna:TPESampler",
        )
    return kinds[name]


@contextmanager
def _quiet() -> Iterator[None]:
    """Optuna's log and its warnings of what is experimental are not for who asked us."""
    before = optuna.logging.get_verbosity()
    optuna.logging.set_verbosity(optuna.logging.ERROR)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        optuna.logging.set_verbosity(before)
