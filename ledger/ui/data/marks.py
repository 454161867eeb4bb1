"""What stands beside trials in the table: how replays ended, and what their records lack."""

from collections import Counter
from typing import TYPE_CHECKING

from ledger.errors import UsageError
from ledger.model import Digest, HealthState, Trial
from ledger.ops import query as queries
from ledger.ops.indexed import asked
from ledger.ops.trials import Trials
from ledger.ui.data import Document, Query
from ledger.ui.source import Source

if TYPE_CHECKING:
    from ledger.journal.held import Held
    from ledger.journal.positions import Logs

MOST = 256
"""Trials that can be asked for at once."""


def answer(source: Source, query: Query) -> Document:
    """Marks of the trials ``ids``, with commas between, by id; of what is no trial there are none.

    Raises
    ------
    UsageError
        If there are more than `MOST`.
    FormatError
        If one is no id.
    """
    ids = [Digest.parse(each) for each in query.get("ids", "").split(",") if each]
    if len(ids) > MOST:
        raise UsageError(f"{len(ids)} trials at once", cause=f"expected at most {MOST}")
    trials = asked(source.workspace.journal, lambda held, logs: _some(ids, held, logs)) or source.trials()
    return {"marks": {str(id): mark(trials.by_id[id], trials) for id in ids if id in trials.by_id}}


def mark(trial: Trial, trials: Trials) -> Document:
    """Of one trial: number of replays under its own conditions by verdict, and what is not complete."""
    receipts = [each for each in trials.receipts.get(trial.id, ()) if each.plain]
    return {
        "verdicts": dict(Counter(str(each.replay.verdict) for each in receipts)),
        "lacking": [
            {"part": each.part, "state": str(each.state), "reason": each.reason}
            for each in trial.health
            if each.state is not HealthState.COMPLETE
        ],
    }


def _some(ids: list[Digest], held: "Held", logs: "Logs") -> Trials:
    numbers = [number for id in ids if (number := held.find(bytes(id), logs)) is not None]
    return queries.fold(
        logs.by_origin[held.origins[log]].entry(seq) for number in numbers for log, seq in held.events(number)
    )
