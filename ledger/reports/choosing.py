"""What a person names → the trials that a report is about."""

from collections.abc import Sequence

from ledger.errors import NotFoundError, UsageError
from ledger.model import Trial
from ledger.model.frozen import frozen
from ledger.ops import filter, references
from ledger.ops.machines import Machines
from ledger.ops.receipts import Receipts
from ledger.ops.references import Kind
from ledger.ops.trials import Trials
from ledger.store.base import Store


@frozen
class Choice:
    """Trials that are told of together: of an experiment, of a filter, or some that were named."""

    label: str
    trials: tuple[Trial, ...]
    """Oldest first, each once; never empty."""
    experiment: str | None = None
    where: str | None = None

    @property
    def whole(self) -> bool:
        """Whether it is an experiment with all that it has."""
        return self.experiment is not None and self.where is None


@frozen
class Chosen:
    """All of them."""

    choices: tuple[Choice, ...]
    """Experiments in the order in which they were named, then what else there is."""
    named: tuple[Trial, ...]
    """Trials that were named one by one, in that order, each once."""

    @property
    def trials(self) -> tuple[Trial, ...]:
        """Every trial once, in the order of the choices."""
        return tuple({trial.id: trial for each in self.choices for trial in each.trials}.values())

    @property
    def title(self) -> str:
        """What to call it."""
        return ", ".join(each.label for each in self.choices)


def choose(
    trials: Trials, references_: Sequence[str], where: str | None = None, store: Store | None = None
) -> Chosen:
    """Find the trials that a report is about.

    Parameters
    ----------
    trials
        All that there are.
    references_
        Experiments, trials, or both; a name that means an experiment means all of its trials.
    where
        A filter: of all trials, or of the experiments that are named.
    store
        Of the ledger: with it, replays on one machine are told from those on several.

    Raises
    ------
    UsageError
        If nothing is named, a filter is off, or it is put beside a trial.
    NotFoundError, AmbiguousError
        If a reference means nothing, or several trials; or no trial is left.
    """
    if not references_ and where is None:
        raise UsageError(
            "nothing to report on",
            cause="expected trials, experiments, or a filter",
            hint="an experiment: ledger report NAME -o report.html; a filter: --where 'lr > 0.1'",
        )
    receipts = Receipts(trials.receipts, Machines(store))
    choices: dict[str, Choice] = {}
    named: dict[object, Trial] = {}
    for each in references_:
        found = references.find(trials, each)
        if found.kind is Kind.EXPERIMENT and found.trial.experiment == each:
            choices[each] = _filtered(each, trials.of_experiment(each), receipts, where)
        else:
            named[found.trial.id] = found.trial
    if named and where is not None:
        raise UsageError(
            "a filter beside a trial",
            cause=f"{next(iter(named.values())).id.short} is named, and nothing is left to choose",
            hint="leave out --where, or name an experiment",
        )
    found_choices = list(choices.values())
    if not references_:
        found_choices.append(_filtered(None, trials.ordered, receipts, where))
    if named:
        own = sorted(named.values(), key=lambda trial: trial.started)
        label = own[0].name or own[0].id.short if len(own) == 1 else f"{len(own)} trials"
        found_choices.append(Choice(label=label, trials=tuple(own)))
    return Chosen(choices=tuple(found_choices), named=tuple(named.values()))


def _filtered(
    experiment: str | None, trials: Sequence[Trial], receipts: Receipts, where: str | None
) -> Choice:
    label = " where ".join(each for each in (experiment, where) if each)
    kept = trials if where is None else filter.select(trials, receipts, where=where, sort="started")
    if not kept:
        raise NotFoundError(f"no trial of {label}", hint="see what there is: ledger log")
    return Choice(label=label, trials=tuple(kept), experiment=experiment, where=where)
