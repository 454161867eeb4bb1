"""Where a trial's randomness comes from, and the same trial with other seeds."""

from collections.abc import Sequence
from enum import StrEnum

from ledger.capture.seeds import variables_for
from ledger.errors import UsageError
from ledger.model import Digest, Environment, Hyperparameter, HyperparameterRole, Trial
from ledger.model.codec import encode
from ledger.model.frozen import frozen, replace
from ledger.ops import objects
from ledger.ops.arguments import replaced
from ledger.record import derived
from ledger.store.base import Store
from ledger.tune.space.near import nearest
from ledger.tune.template import Template

ALL = "all"
"""All sources at once."""
MAIN = "main"
"""What ``--seed`` of ``ledger run`` seeds: every generator, and what the script's ``ledger.seed()`` gives."""
_NAMED = "ledger.seed("
_BITS = (1 << 31) - 1


class Way(StrEnum):
    """How a seed reaches the program."""

    ARGUMENT = "argument"
    """As a word of its command."""
    ENFORCED = "--seed"
    """As the trial's seed."""
    NAMED = "ledger.seed"
    """As what `ledger.seed` gives for a name."""


@frozen
class Source:
    """One source of randomness."""

    name: str
    way: Way
    value: int | None
    """The trial's own; None where it has none, or it is not in the record."""
    hyperparameter: str = ""
    """Of an argument: which one it sets."""


def sources(trial: Trial) -> tuple[Source, ...]:
    """The sources that a trial's record knows.

    They are the seeds on its command line, what its script asked `ledger.seed` for, and, unless there are
    only the former, the trial's seed. A seed of the command line is called ``--NAME`` where another source
    has the name.
    """
    named = [
        Source(name=each.generator[len(_NAMED) : -1], way=Way.NAMED, value=int(each.value))
        for each in (trial.observed.seeded if trial.observed else ())
        if each.generator.startswith(_NAMED) and not each.enforced and each.value.lstrip("-").isdecimal()
    ]
    taken = {MAIN, *(each.name for each in named)}
    arguments = [
        Source(
            name=f"--{each.name}" if each.name in taken else each.name,
            way=Way.ARGUMENT,
            value=each.value,
            hyperparameter=each.name,
        )
        for each in trial.hyperparameters
        if _is_argument(each) and isinstance(each.value, int) and not replaced(trial, {each.name: "0"})[1]
    ]
    main = [Source(name=MAIN, way=Way.ENFORCED, value=trial.intent.seed)]
    if arguments and not named and trial.intent.seed is None:
        main = []
    others = {each.name: each for each in named if each.name != MAIN}
    return (*main, *others.values(), *arguments)


def _is_argument(each: Hyperparameter) -> bool:
    return each.role is HyperparameterRole.SEED and each.source == Way.ARGUMENT


def chosen(trial: Trial, known: Sequence[Source], wanted: Sequence[str]) -> tuple[str, ...]:
    """What to vary: ``all`` for all at once, ``each`` for that and then each alone, or names of sources.

    Each is varied once, however often it is named, in the order in which they are named first. Where there is
    one source, it alone is all at once.

    Raises
    ------
    UsageError
        If there is no such source, or none is named.
    """
    names = [each.name for each in known]
    if not wanted:
        raise UsageError(
            "no source of randomness is named", cause=f"expected some of {', '.join((ALL, *names))}"
        )
    found: list[str] = []
    for name in wanted:
        found += [ALL, *(names if len(names) > 1 else ())] if name == "each" else [name]
    for name in found:
        if name not in (ALL, *names):
            raise UsageError(
                f"no source of randomness is called {name!r}",
                cause=f"{trial.id.short} has {', '.join(names)}: a source is main (the trial's seed), a name"
                " that the script gives ledger.seed(), or a seed on the command line",
                hint=f"{nearest(name, [ALL, 'each', *names])}; to tell sources apart, let the script say"
                f" ledger.seed({name!r})",
            )
    if ALL in found and len(names) == 1:
        return (ALL,)
    return tuple(dict.fromkeys(found))


class Reseeding:
    """Makes a trial's twins with other seeds.

    Parameters
    ----------
    trial
        The original.
    store
        Where its environment is, and that of a twin is put.
    command
        A command with ``{seed}`` instead of the trial's; none by default.

    Raises
    ------
    UsageError
        If the command does not name the seed.
    """

    def __init__(self, trial: Trial, store: Store, command: Sequence[str] = ()) -> None:
        self.trial, self.store = trial, store
        self.template = Template(command, ()) if command else None
        if self.template is not None and not self.template.uses_seed:
            raise UsageError(
                "a command without a seed",
                cause="expected {seed} in it, where each rerun has another one",
                hint="ledger seeds @ -- python train.py --seed {seed}",
            )
        known = sources(trial) if self.template is None else ()
        self.sources = known or (Source(name="{seed}", way=Way.ARGUMENT, value=None),)

    def twin(self, vary: str, seed: int) -> Trial:
        """The trial with another seed of one source, all others being as they were; or of all at once."""
        if self.template is not None:
            argv = self.template.arguments({}, seed=seed, file="")
            main = None if self.trial.intent.seed is None else seed
            return self._with(argv, main, ())
        intent, known = self.trial.intent, {each.name: each for each in self.sources}
        argv, main, named = intent.argv, intent.seed, dict(intent.seeds)
        if vary == ALL:
            argv = replaced(self.trial, self._arguments(seed))[0]
            main = seed if MAIN in known else main
            named = {}
        elif known[vary].way is Way.ENFORCED:
            main = seed
            named = {
                each.name: each.value
                for each in self.sources
                if each.way is Way.NAMED and each.value is not None
            }
        elif known[vary].way is Way.NAMED:
            named[vary] = seed
        else:
            argv = replaced(self.trial, {known[vary].hyperparameter: str(seed)})[0]
        return self._with(argv, main, tuple(sorted(named.items())))

    def _arguments(self, seed: int) -> dict[str, str]:
        """Seeds of the command line: those that were alike are alike again."""
        arguments = [each for each in self.sources if each.way is Way.ARGUMENT]
        return {
            name: str(seed if each.value == arguments[0].value else derived(name, seed) & _BITS)
            for each in arguments
            for name in (each.hyperparameter,)
        }

    def _with(self, argv: tuple[str, ...], seed: int | None, named: tuple[tuple[str, int], ...]) -> Trial:
        environment = self._environment(seed)
        intent = replace(self.trial.intent, argv=argv, seed=seed, seeds=named, environment=environment)
        return bare(replace(self.trial, intent=intent, environment=environment))

    def _environment(self, seed: int | None) -> Digest:
        """The environment; a hash seed of the user's own gives way to the one of a trial's seed."""
        trial = self.trial
        if seed is None or trial.intent.seed is not None:
            return trial.environment
        own = objects.load(self.store, Environment, trial.environment, "environment").noun
        if own is None:
            return trial.environment  # damaged, which whoever runs it says
        kept = tuple(each for each in own.variables if each[0] not in variables_for(seed))
        if kept == own.variables:
            return trial.environment
        return self.store.put(encode(replace(own, variables=kept)))


def bare(trial: Trial) -> Trial:
    """A trial without what others said of the one that it was made of."""
    return replace(
        trial,
        name=None,
        experiment=None,
        parent=None,
        proposal=None,
        tags=(),
        recipe=None,
        recipe_complete=False,
    )
