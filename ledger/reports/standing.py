"""How the trials of a choice stand: of how many they are the best, by what, and what that depends on."""

from collections.abc import Sequence
from typing import TYPE_CHECKING

from ledger.errors import IncomparableError, UsageError
from ledger.model import Head
from ledger.model.frozen import frozen
from ledger.model.proof import SignedHead
from ledger.model.space import Objective
from ledger.ops import best, denominator, prove
from ledger.ops import observations as reading
from ledger.ops.denominator import Denominator
from ledger.ops.objects import one_line
from ledger.ops.observations import Selection
from ledger.ops.trade_offs import TradeOff, trade_off
from ledger.ops.trials import Trials
from ledger.ops.untold import with_untold
from ledger.reports import ranking
from ledger.reports.choosing import Choice
from ledger.reports.dependence import Dependence, dependence
from ledger.reports.ranking import Ranked, Seeded
from ledger.workspace import Workspace

if TYPE_CHECKING:
    from ledger.analysis.observations import Observations


@frozen
class Standing:
    """How the trials of a choice stand."""

    choice: Choice
    now: Denominator | None
    """All that its experiment has in the head of now; None of what is no whole experiment."""
    counted: Denominator | None
    """The same of the head that is signed."""
    objectives: tuple[Objective, ...]
    """One that somebody asked for, or those of its search; none where nobody said one."""
    why_none: str | None
    """Why there is no objective, or no best."""
    ranked: tuple[Ranked, ...]
    """The best ones first; of several objectives those that none is better than in all, by the first one."""
    trade_off: TradeOff | None
    """Of several objectives: how the trials of `observed` stand by all of them."""
    observed: "Observations"
    """Trials that ended well and meet what their search requires, other code told apart."""
    measured: int
    """Trials that ended well with a finite value."""
    configurations: int
    """Of these trials, other code told apart."""
    seeded: tuple[Seeded, ...]
    """Configurations with several seeds, the best first."""
    depends: tuple[Dependence, ...]
    """Of an experiment or a filter: what each objective depends on."""

    @property
    def objective(self) -> Objective | None:
        """The first one."""
        return self.objectives[0] if self.objectives else None


def heads(workspace: Workspace) -> tuple[Head, SignedHead | None, str | None]:
    """The head of now, the largest that is signed, and why there is none."""
    now = workspace.journal.head()
    try:
        signed = next(prove.signed_heads(workspace.directory), None)
    except IncomparableError as error:
        return now, None, one_line(error)
    return now, signed, None if signed else "no head is signed: ledger verify --sign"


def standing(
    workspace: Workspace,
    trials: Trials,
    choice: Choice,
    signed: SignedHead | None,
    *,
    minimize: str | None = None,
    maximize: str | None = None,
) -> Standing:
    """See how the trials of a choice stand.

    Parameters
    ----------
    workspace, trials
        The ledger, and all of its trials.
    choice
        Which trials.
    signed
        The largest head that is signed.
    minimize, maximize
        The metric: one of both, or neither where the experiment was tuned for one.

    Raises
    ------
    UsageError
        If both are given, or none of the trials has the metric.
    """
    now, counted = _counted(workspace, choice, signed)
    objectives, why = _objectives(workspace, choice, minimize, maximize)
    found = reading.observations(
        choice.trials, choice.label, reading.definition(workspace, Selection(experiment=choice.experiment))
    )
    observed = found.picked(())
    measured = configurations = 0
    ranked: tuple[Ranked, ...] = ()
    seeded: tuple[Seeded, ...] = ()
    depends: tuple[Dependence | None, ...] = ()
    made: TradeOff | None = None
    if objectives:
        first = objectives[0]
        if (minimize or maximize) and len(found) and first.metric not in found.metrics:
            raise UsageError(
                f"no trial of {choice.label} has a metric {first.metric!r}",
                cause=f"they have {', '.join(found.metrics)}",
                hint="see them: ledger log",
            )
        told = with_untold(_measured(found, objectives), trials.by_id)
        measured, configurations = len(told), len(set(told.configurations))
        if not measured:
            why = f"no trial ended well with a value of {' and '.join(each.metric for each in objectives)}"
        observed = _allowed(workspace, choice, told, objectives)
        if measured and not len(observed):
            why = "no trial meets what its search requires"
        if len(objectives) > 1:
            made = trade_off(observed, objectives)
            ranked = ranking.undominated(trials, observed, made)
        else:
            ranked, seeded = ranking.ranked(workspace, trials, choice, observed, first)
        if choice.experiment is not None or choice.where is not None:
            depends = tuple(dependence(workspace, choice, found, each) for each in objectives)
    return Standing(
        choice=choice,
        now=now,
        counted=counted,
        objectives=objectives,
        why_none=why,
        ranked=ranked,
        trade_off=made,
        observed=observed,
        measured=measured,
        configurations=configurations,
        seeded=seeded,
        depends=tuple(each for each in depends if each is not None),
    )


def _measured(found: "Observations", objectives: Sequence[Objective]) -> "Observations":
    """Those with a finite value of each."""
    for each in objectives:
        found = found.measured(each.metric)
    return found


def _counted(
    workspace: Workspace, choice: Choice, signed: SignedHead | None
) -> tuple[Denominator | None, Denominator | None]:
    if choice.experiment is None or workspace.foreign:  # a bundle has those that its maker chose
        return None, None
    heads = [workspace.journal.head(), *([] if signed is None else [signed.head])]
    now, *then = denominator.counts(workspace.journal, heads, choice.experiment)
    return now, then[0] if then else None


def _objectives(
    workspace: Workspace, choice: Choice, minimize: str | None, maximize: str | None
) -> tuple[tuple[Objective, ...], str | None]:
    selection = Selection(experiment=choice.experiment, where=choice.where)
    if minimize is not None or maximize is not None:
        return (reading.objective(workspace, selection, minimize=minimize, maximize=maximize),), None
    tuned = reading.definition(workspace, selection)
    if tuned is not None and tuned.objectives:
        return tuned.objectives, None
    return (), "no metric was named: --minimize METRIC or --maximize METRIC says which trials are best"


def _allowed(
    workspace: Workspace, choice: Choice, observed: "Observations", objectives: tuple[Objective, ...]
) -> "Observations":
    """Those that meet what their search requires, where it was for these objectives."""
    found = None if choice.experiment is None else best.sought(workspace, choice.experiment, objectives)
    if found is None or not found[1].requirements:
        return observed
    meet = {each.trial for each in best.tried(workspace, *found) if each.measured.violation == 0}
    return observed.picked([row for row, id in enumerate(observed.trials) if id in meet])
