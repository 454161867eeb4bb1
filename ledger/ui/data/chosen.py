"""Trials that a query chooses, by their ids or by a filter, without a look at all the others."""

import re
from typing import TYPE_CHECKING

import numpy as np

from ledger.errors import UsageError
from ledger.model import Digest, Trial
from ledger.model.frozen import frozen
from ledger.ops import filter, query, references
from ledger.ops.indexed import asked
from ledger.ops.machines import Machines
from ledger.ops.receipts import Receipts
from ledger.ops.scope import Scope
from ledger.ops.trials import Trials
from ledger.ui.data import Query, filtered
from ledger.ui.source import Source

if TYPE_CHECKING:
    from ledger.journal.held import Held
    from ledger.journal.positions import Logs

_ID = re.compile(r"(?:b3:)?((?:[0-9a-f]{2}){6,32})")


@frozen
class Chosen:
    """Some trials."""

    ordered: tuple[Trial, ...]
    """As they were named; of a filter the newest first."""
    total: int
    """How many the query chooses, of which these are the first."""
    trials: Trials
    """What is known of them; it may hold others, too."""


def chosen(source: Source, asked_for: Query, most: int) -> Chosen:
    """The trials ``of`` (references with commas between), or else all for which the filter ``where`` holds.

    With ``experiment`` the filter is asked of its trials alone, and knows of no other names than theirs.

    Raises
    ------
    NotFoundError, AmbiguousError
        If a reference means no trial, or more than one; or there is no such experiment.
    UsageError
        If nothing is named, or the filter is off.
    """
    refs = [each for each in asked_for.get("of", "").split(",") if each]
    experiment = asked_for.get("experiment") or None
    if not refs and "where" not in asked_for and experiment is None:
        raise UsageError(
            "no trials are named",
            cause="expected of=ID,ID, where=EXPR or experiment=NAME",
            hint="choose some: #/trials",
        )
    journal, where = source.workspace.journal, asked_for.get("where", "")
    machines = Machines(source.workspace.store)
    found = asked(
        journal,
        lambda held, logs: _indexed(
            Scope(held, logs, None if refs else experiment, machines), held, logs, refs, where, most
        ),
    )
    if found is not None:
        return found
    if not refs:
        trials = source.trials()
        held = trials.ordered if experiment is None else references.experiment(trials, experiment)
        matches = filter.matcher(where, held, Receipts(trials.receipts, machines)) if where.strip() else None
        newest = tuple(each for each in reversed(held) if matches is None or matches(each))
        return Chosen(ordered=newest[:most], total=len(newest), trials=trials)
    named = tuple(dict.fromkeys(source.trial(each) for each in refs))
    return Chosen(ordered=named[:most], total=len(named), trials=source.trials())


def _indexed(
    scope: Scope, held: "Held", logs: "Logs", refs: list[str], where: str, most: int
) -> Chosen | None:
    """By the index; None where a reference is no id, or means none: that takes all trials to tell."""
    if refs:
        numbers = _numbers(scope, refs)
        if numbers is None:
            return None
    else:
        numbers = filtered.selected(scope, where)[::-1].tolist()
    shown = numbers[:most]
    trials = query.fold(
        logs.by_origin[held.origins[log]].entry(seq)
        for number in sorted(shown)
        for log, seq in held.events(number)
    )
    ids = _ids(scope, shown)
    if not all(id in trials.by_id for id in ids):
        return None
    return Chosen(ordered=tuple(trials.by_id[id] for id in ids), total=len(numbers), trials=trials)


def _ids(scope: Scope, numbers: list[int]) -> list[Digest]:
    return [Digest(each.tobytes()) for each in scope.ids()[numbers]]


def _numbers(scope: Scope, refs: list[str]) -> list[int] | None:
    raw, present = scope.ids(), scope.present
    found: dict[int, None] = {}
    for each in refs:
        match = _ID.fullmatch(each)
        if match is None:
            return None
        start = np.frombuffer(bytes.fromhex(match[1]), np.uint8)
        hits = np.flatnonzero(present & (raw[:, : len(start)] == start).all(axis=1))
        if len(hits) != 1:
            return None
        found[int(hits[0])] = None
    return list(found)
