"""Run a configuration that lies between two others, as a trial of its own in a scratch copy."""

import math
import os
from collections.abc import Callable, Collection, Mapping, Sequence

from ledger.analysis.observations import alike
from ledger.capture.command_line import name_of, script_words
from ledger.capture.hyperparameters import CALL, OPTION
from ledger.errors import IncomparableError, UsageError
from ledger.model import Digest, Status, Trial, Value
from ledger.model.frozen import replace
from ledger.model.search import Search
from ledger.ops import hybrids, query
from ledger.ops import observations as reading
from ledger.ops.ablation import AblationOptions, experiment_of
from ledger.ops.ablation_ends import Configuration, End
from ledger.ops.attempt import Conditions
from ledger.ops.objects import one_line
from ledger.ops.observations import Selection
from ledger.ops.text import exact
from ledger.ops.why_hybrids import failure
from ledger.workspace import Workspace


class Runner:
    """Runs configurations between two ends, with the code, environment, inputs and seeds of one of them.

    Parameters
    ----------
    workspace, selection, tuned
        The ledger, the trials, and the search that they are of.
    ends
        From where to where; one of them has a trial.
    options
        Under which conditions.
    variables
        The user's environment; this process's where it is None.
    progress
        Takes a line for each run.

    Raises
    ------
    UsageError
        If neither end was tried.
    """

    def __init__(
        self,
        workspace: Workspace,
        selection: Selection,
        tuned: Search | None,
        ends: tuple[End, End],
        options: AblationOptions,
        variables: Mapping[str, str] | None,
        progress: Callable[[str], None],
    ) -> None:
        trials = query.load(workspace.journal)
        self.workspace, self.tuned, self.ends = workspace, tuned, ends
        self.trials = [None if each.trial is None else trials.by_id[each.trial] for each in ends]
        known = [each for each in reversed(self.trials) if each is not None]
        if not known:
            raise UsageError("no trial of either end", cause="its command is what would be run")
        self.base = known[0]
        self.by_option = frozenset(
            each.name for trial in known for each in trial.hyperparameters if each.source in (CALL, OPTION)
        )
        self.experiment = experiment_of(selection)
        self.conditions = Conditions(env=options.env, timeout=options.timeout)
        self.variables = os.environ if variables is None else variables
        self.progress = progress
        self.count = 0
        self.failed: list[str] = []

    def run(self, wanted: Configuration, taken: Collection[str], metric: str) -> tuple[Digest, float] | None:
        """Run a configuration; None where it told nothing, which `failed` explains.

        Parameters
        ----------
        wanted
            Its values.
        taken
            Hyperparameters that are those of the second end.
        metric
            What is asked for.

        Returns
        -------
        tuple of Digest and float
            The new trial, and its value of the metric.
        """
        told = " ".join(f"{name}={exact(value)}" for name, value in wanted.items() if value is not None)
        try:
            composed = self._composed(wanted, taken)
            self.count += 1
            self.progress(f"run {self.count}: {told}")
            trial = hybrids.run(
                self.workspace,
                composed,
                self.conditions,
                self.variables,
                message=f"ablation: {told}",
                tag=f"ablation-{self.base.id.short}-{self._other()}",
                experiment=self.experiment,
            )
        except (IncomparableError, UsageError) as error:
            self.failed.append(f"{told}: {one_line(error)}")
            return None
        if trial.status is not Status.OK:
            self.failed.append(f"{told}: {failure(trial, self.workspace.store)}")
            return None
        if not self._is(trial, wanted, told):
            return None
        value = reading.observations([trial], told).metrics.get(metric, (math.nan,))[0]
        if not math.isfinite(value):
            self.failed.append(f"{told}: no finite {metric}")
            return None
        return trial.id, value

    def _other(self) -> str:
        found = next((each for each in self.trials if each is not None), self.base)
        return found.id.short

    def _is(self, trial: Trial, wanted: Configuration, told: str) -> bool:
        """Whether a trial had the values that it should have."""
        own = {each.name: each.value for each in trial.hyperparameters}
        off = [name for name, value in wanted.items() if name in own and not alike(own[name], value)]
        if off:
            self.failed.append(
                f"{told}: its {', '.join(off)} came out as {', '.join(exact(own[name]) for name in off)}"
            )
            return False
        return True

    def _composed(self, wanted: Configuration, taken: Collection[str]) -> Trial:
        intent = self.base.intent
        if self.tuned is not None and self.base.proposal is not None:
            argv = self._of_search(self.tuned, wanted)
        else:
            argv = self._of_ends(wanted, taken)
        return replace(
            self.base,
            name=None,
            tags=(),
            parent=None,
            proposal=None,
            recipe=None,
            recipe_complete=False,
            intent=replace(intent, argv=argv, parameters=self._given(wanted)),
        )

    def _given(self, wanted: Configuration) -> tuple[tuple[str, Value], ...]:
        """What is given as by ``-p``: all else has to come out of the command, or the record would lie."""
        settable = self.by_option.union(self._searched)
        return tuple(
            sorted((name, value) for name, value in wanted.items() if value is not None and name in settable)
        )

    @property
    def _searched(self) -> frozenset[str]:
        """Hyperparameters that the command of a search names."""
        if self.tuned is None or self.base.proposal is None:
            return frozenset()
        return frozenset(each.name for each in self.tuned.space.parameters)

    def _of_search(self, tuned: Search, wanted: Configuration) -> tuple[str, ...]:
        from ledger.ops.tune.words import Words

        own = self.ends[self.trials.index(self.base)].configuration
        settable = self.by_option.union(self._searched)
        for name, value in wanted.items():
            if name not in settable and not alike(value, own[name]):
                raise UsageError(
                    f"no word of the search's command sets {name}",
                    cause=f"{name}={exact(value)}: the search does not vary it",
                    hint="name a trial of the search to begin from: --from REF",
                )
        words = Words(tuned)
        values = {
            each.name: wanted[each.name]
            for each in tuned.space.parameters
            if wanted.get(each.name) is not None
        }
        if words.file(values) is not None:
            raise UsageError(
                "the command reads its hyperparameters from a file",
                cause="{params} of a search cannot be composed outside of it",
                hint="without --run the path is predicted",
            )
        return words.of(values, self.base.intent.seed)

    def _of_ends(self, wanted: Configuration, taken: Collection[str]) -> tuple[str, ...]:
        """The base's command, with the other end's words for what is to be as it is there."""
        at_end = self.base is self.trials[1]
        other = self.trials[0] if at_end else self.trials[1]
        theirs = {} if other is None else _by_name(script_words(other.intent.argv))
        argv = list(self.base.intent.argv)
        tail = script_words(self.base.intent.argv)
        head, words = argv[: len(argv) - len(tail)], list(tail)
        for name, value in wanted.items():
            if (name in taken) is at_end or self._same(name):
                continue
            words = _changed(words, name, theirs.get(name, ()))
            unset = name not in theirs and name not in _by_name(tail) and name not in self.by_option
            if other is not None and unset:
                raise UsageError(
                    f"no word of the commands sets {name}",
                    cause=f"{name}={exact(value)} does not stand there as an option of that name",
                    hint="without --run the path is predicted",
                )
        return (*head, *words)

    def _same(self, name: str) -> bool:
        return alike(self.ends[0].configuration[name], self.ends[1].configuration[name])


def _by_name(words: Sequence[str]) -> dict[str, tuple[str, ...]]:
    """The words that set each hyperparameter."""
    found: dict[str, tuple[str, ...]] = {}
    for name, piece in _pieces(words):
        if name is not None:
            found[name] = (*found.get(name, ()), *piece)
    return found


def _pieces(words: Sequence[str]) -> list[tuple[str | None, tuple[str, ...]]]:
    """An option with the values behind it, an assignment, or a word that is neither."""
    found: list[tuple[str | None, tuple[str, ...]]] = []
    open_option = False
    for place, word in enumerate(words):
        if word == "--":
            return [*found, *((None, (each,)) for each in words[place:])]
        named = name_of(word)
        if named is not None:
            name = named[0].removeprefix("no_") if word.startswith("--no-") else named[0]
            found.append((name, (word,)))
            open_option = not named[1]
        elif open_option and found:
            name_before, piece = found[-1]
            found[-1] = (name_before, (*piece, word))
        else:
            found.append((None, (word,)))
    return found


def _changed(words: Sequence[str], name: str, new: Sequence[str]) -> list[str]:
    """Words in which others set a hyperparameter, or none do."""
    made: list[str] = []
    there = False
    for each, piece in _pieces(words):
        if each == name:
            made += () if there else new
            there = True
        else:
            made += piece
    if not there:
        place = made.index("--") if "--" in made else len(made)
        made[place:place] = new
    return made
