"""Whether other trials ran in the same tree meanwhile, so that outputs cannot be told apart."""

from ledger.errors import LedgerError
from ledger.model import Digest, HealthLine, HealthState, TrialStarted
from ledger.model.frozen import frozen
from ledger.ops import spool as spools
from ledger.ops.spool import Spool
from ledger.workspace import Workspace


@frozen
class Watch:
    """Who was there when a trial began."""

    spool: Spool
    mark: int
    others: frozenset[str]


def watch(spool: Spool) -> Watch:
    """Look around at the beginning."""
    mark, others = spools.around(spool)
    return Watch(spool=spool, mark=mark, others=others)


def overlapping(watch: Watch, workspace: Workspace, trial: Digest) -> list[HealthLine]:
    """Say which strangers, no trials around or inside this one, ran in the same root since `watch`."""
    try:
        return _overlapping(watch, workspace, trial)
    except (LedgerError, OSError) as error:
        reason = f"whether another trial ran here meanwhile is not known: {str(error).splitlines()[0]}"
        return [HealthLine(part="outputs", state=HealthState.PARTIAL, reason=reason)]


def _overlapping(watch: Watch, workspace: Workspace, trial: Digest) -> list[HealthLine]:
    mark, others = spools.around(watch.spool)
    others |= watch.others
    if mark == watch.mark and not others:
        return []  # the usual case: the journal need not be read
    started: dict[Digest, TrialStarted] = {}
    after: set[Digest] = set()
    for recorded in workspace.journal.entries():
        if isinstance(recorded.entry.payload, TrialStarted):
            started[recorded.id] = recorded.entry.payload
            if trial in started:
                after.add(recorded.id)
    own = started.get(trial)
    if own is None:
        return []
    around = _line(trial, started)
    strangers = [
        id
        for id, each in started.items()
        if (id in after or each.spool in others)
        and each.root == own.root
        and spools.in_place(each.spool)
        and id not in around
        and trial not in _line(id, started)
    ]
    if not strangers:
        return []
    shown = ", ".join(id.short for id in strangers[:3]) + (", …" if len(strangers) > 3 else "")
    noun = "trial" if len(strangers) == 1 else "trials"
    reason = f"overlapped: the same directory was used by {noun} {shown} meanwhile"
    return [HealthLine(part="outputs", state=HealthState.PARTIAL, reason=reason)]


def _line(trial: Digest, started: dict[Digest, TrialStarted]) -> list[Digest]:
    """A trial, and those inside which it was started."""
    line = [trial]
    while (one := started.get(line[-1])) is not None and one.parent is not None and one.parent not in line:
        line.append(one.parent)
    return line
