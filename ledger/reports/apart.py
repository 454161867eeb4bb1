"""What the chosen trials and experiments of a report have that is not the same."""

from collections.abc import Sequence
from itertools import combinations, islice, pairwise

from ledger.errors import LedgerError
from ledger.model import Trial
from ledger.model.frozen import frozen
from ledger.ops import diff as comparing
from ledger.ops import diff_code
from ledger.ops.differences import Diff
from ledger.ops.experiments import Experiments
from ledger.ops.objects import one_line
from ledger.ops.trials import Trials
from ledger.reports.choosing import Chosen
from ledger.reports.standing import Standing
from ledger.workspace import Workspace

MOST_TRIALS = 6
MOST_EXPERIMENTS = 4
MOST_LINES = 300
"""Of a unified diff."""


@frozen
class Apart:
    """Two trials, side by side."""

    a: Trial
    b: Trial
    why: str
    """Why these two."""
    diff: Diff
    code: tuple[str, ...]
    """A unified diff of their code, line by line, without line ends."""
    more: bool
    """Whether it has more lines than these."""


@frozen
class Compared:
    """What is said of two experiments."""

    a: str
    b: str
    sentences: tuple[str, ...]
    """Or why nothing can be said."""
    experiments: Experiments | None = None


def apart(
    workspace: Workspace, chosen: Chosen, standings: Sequence[Standing]
) -> tuple[tuple[Apart, ...], tuple[str, ...]]:
    """Compare the trials that were named, each with the one before; of an experiment, its best and its first.

    Returns
    -------
    tuple of tuple of Apart, and tuple of str
        The comparisons, and what could not be compared.
    """
    pairs = [(a, b, "in the order in which they are named") for a, b in pairwise(chosen.named[:MOST_TRIALS])]
    for each in standings:
        first = each.choice.trials[0]
        if each.choice.experiment is not None and each.ranked and each.ranked[0].trial.id != first.id:
            which = "the best" if each.trade_off is None else "one of the best"
            pairs.append((first, each.ranked[0].trial, f"the first and {which} of {each.choice.label}"))
    found, problems = [], []
    for a, b, why in pairs:
        try:
            found.append(_pair(workspace, a, b, why))
        except LedgerError as error:
            problems.append(f"{a.id.short} and {b.id.short}: {one_line(error)}")
    return tuple(found), tuple(problems)


def compared(workspace: Workspace, trials: Trials, chosen: Chosen) -> tuple[Compared, ...]:
    """What every two of the chosen experiments come to, in sentences."""
    names = [each.experiment for each in chosen.choices if each.whole and each.experiment is not None]
    found = []
    for a, b in combinations(names[:MOST_EXPERIMENTS], 2):
        try:
            told = comparing.compare(
                trials, a, b, workspace.store, timing=workspace.config.replay.timing
            ).experiments
        except LedgerError as error:  # they have no metric in common, or one has no trial that ended well
            found.append(Compared(a=a, b=b, sentences=(one_line(error),)))
            continue
        found.append(Compared(a=a, b=b, sentences=told.sentences if told else (), experiments=told))
    return tuple(found)


def _pair(workspace: Workspace, a: Trial, b: Trial, why: str) -> Apart:
    store = workspace.store
    lines = list(islice(diff_code.unified(a, b, store), MOST_LINES + 1))
    return Apart(
        a=a,
        b=b,
        why=why,
        diff=comparing.diff(a, b, store, timing=workspace.config.replay.timing),
        code=tuple(line.rstrip("\n") for line in lines[:MOST_LINES]),
        more=len(lines) > MOST_LINES,
    )
