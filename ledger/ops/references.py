"""What a person writes on the command line → the trial that is meant."""

import re
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from typing import TypeVar

from ledger.errors import AmbiguousError, LedgerError, NotFoundError
from ledger.model import Digest, Trial
from ledger.model.digest import PREFIX, SIZE
from ledger.model.frozen import frozen
from ledger.ops.hybrid_names import is_hybrid
from ledger.ops.text import nearest
from ledger.ops.trials import Trials

T = TypeVar("T")

MIN_PREFIX = 4
_SHOWN = 10
_LOOK = "see what there is: ledger log"


class Kind(StrEnum):
    """By what a reference named its trial."""

    LAST = "last"
    ID = "id"
    NAME = "name"
    TAG = "tag"
    EXPERIMENT = "experiment"
    PREFIX = "prefix"


@frozen
class Found:
    """What a reference means."""

    kind: Kind
    trial: Trial
    """Of an experiment, its newest (or the one that ``~n`` counts back to)."""


def resolve(trials: Trials, reference: str) -> Trial:
    """The trial that `reference` names.

    Tried in this order: ``@``, full id, name, tag, experiment, unique id prefix. ``@~n`` and ``name~n`` count
    back.

    Raises
    ------
    NotFoundError
        If nothing is named so, with what is nearest.
    AmbiguousError
        If an id prefix fits more than one trial, with the candidates.
    """
    return find(trials, reference).trial


def find(trials: Trials, reference: str) -> Found:
    """As `resolve`, and by what it was named."""
    exact = _find(trials, reference, 0)
    if exact:
        return exact
    base, back = split(reference)
    counted = _find(trials, base, back) if back is not None else None
    if counted:
        return counted
    names = {each for trial in trials for each in (trial.name, trial.experiment) if each} | set(trials.tagged)
    raise unknown(base, names, empty=not trials.ordered)


def split(reference: str) -> tuple[str, int | None]:
    """What is in front of ``~n``, and n; the reference itself and None where it does not end so."""
    base, mark, count = reference.rpartition("~")
    if not mark or (count and not (count.isascii() and count.isdigit())):
        return reference, None
    # More digits than a ledger can have trials: any number that is too large does.
    return base, int(count[:18]) if count else 1


def experiment(trials: Trials, name: str) -> tuple[Trial, ...]:
    """The trials of an experiment, oldest first; never empty.

    Raises
    ------
    NotFoundError
        If there is no experiment of that name, with the nearest names.
    """
    members = trials.of_experiment(name) or _adopted(trials, name)
    if members:
        return members
    raise no_experiment(name, list(dict.fromkeys(each.experiment for each in trials if each.experiment)))


def _adopted(trials: Trials, name: str) -> tuple[Trial, ...]:
    """Trials of others that stand for all that a search has proposed."""
    stand = {each.adopted for each in trials.proposals.values() if each.experiment == name}
    return tuple(trial for trial in trials if trial.id in stand)


def no_experiment(name: str, names: Sequence[str]) -> NotFoundError:
    """The refusal of an experiment's name, where `names` are those that there are, the oldest first."""
    near = _nearest(name, names)
    return NotFoundError(
        f"no experiment {name!r}",
        cause=(nearest(near) if near else "")
        or _candidates(names, "the ledger has", "the ledger has no experiment"),
        hint=_LOOK,
    )


def describe(trial: Trial) -> str:
    """A trial in a few words: its short id, its name and how it stands."""
    name = f" {trial.name}" if trial.name else ""
    return f"{trial.id.short}{name} ({trial.status})"


def _find(trials: Trials, reference: str, back: int) -> Found | None:
    steps: tuple[tuple[Kind, Callable[[], Sequence[Trial] | None]], ...] = (
        # Hybrids were run to explain others; like a replay, one is not the last trial.
        (Kind.LAST, lambda: [each for each in trials if not is_hybrid(each)] if reference == "@" else None),
        (Kind.ID, lambda: _by_id(trials, reference)),
        (Kind.NAME, lambda: [each for each in trials if each.name == reference]),
        (Kind.TAG, lambda: [trials.by_id[id] for id in trials.tagged.get(reference, ())]),
        (Kind.EXPERIMENT, lambda: trials.of_experiment(reference)),
        (Kind.PREFIX, lambda: _by_prefix(trials, reference)),
    )
    for kind, look in steps:
        candidates = look()
        if candidates:
            return Found(kind=kind, trial=counted_back(kind, candidates, reference, back))
    return None


def counted_back(kind: Kind, candidates: Sequence[T], reference: str, back: int) -> T:
    """Of the candidates, oldest first, the one that ``~back`` means.

    Raises
    ------
    NotFoundError
        If there are fewer, or an id is counted back from.
    """
    if kind in (Kind.ID, Kind.PREFIX) and back:
        raise NotFoundError(
            f"no trial {reference}~{back}",
            cause="~ counts back from @, a name, a tag or an experiment, not from an id",
            hint=_LOOK,
        )
    if back >= len(candidates):
        raise NotFoundError(
            f"no trial {reference}~{back}",
            cause=f"{reference} names {len(candidates)} trial{'s' if len(candidates) > 1 else ''}",
            hint=f"the oldest is {reference}~{len(candidates) - 1}",
        )
    return candidates[-1 - back]


def digits_of(reference: str) -> str | None:
    """The hexadecimal digits of something that looks like an id or a part of one."""
    digits = reference.removeprefix(PREFIX).lower()
    return digits if re.fullmatch("[0-9a-f]+", digits) and len(digits) <= 2 * SIZE else None


def _by_id(trials: Trials, reference: str) -> Sequence[Trial] | None:
    digits = digits_of(reference)
    if digits is None or len(digits) != 2 * SIZE:
        return None
    id = Digest(bytes.fromhex(digits))
    _refuse_removed(trials, [id])
    trial = trials.by_id.get(id)
    return [trial] if trial else None


def _by_prefix(trials: Trials, reference: str) -> Sequence[Trial] | None:
    digits = digits_of(reference)
    if digits is None or len(digits) < MIN_PREFIX:
        return None
    matches = [trial for trial in trials if trial.id.hex().startswith(digits)]
    if len(matches) > 1:
        raise AmbiguousError(
            f"{reference} is the start of {len(matches)} ids",
            cause=_candidates([describe(each) for each in matches], "they are"),
            hint="give more digits",
        )
    if not matches:
        _refuse_removed(trials, [id for id in trials.removed if id.hex().startswith(digits)])
    return matches


def _refuse_removed(trials: Trials, ids: Iterable[Digest]) -> None:
    for id in ids:
        if id in trials.removed:
            trial, tombstone = trials.removed[id]
            raise NotFoundError(
                f"trial {describe(trial)} was removed",
                cause=tombstone.reason or "no reason was given",
                hint=_LOOK,
            )


def unknown(reference: str, names: Iterable[str], *, empty: bool) -> LedgerError:
    """The refusal of a reference; `names` are those that there are, `empty` says that there is no trial."""
    if empty:
        return NotFoundError(
            f"no trial {reference!r}",
            cause="the ledger has no trial yet",
            hint="record one: ledger run COMMAND",
        )
    digits = digits_of(reference)
    if digits and len(digits) < MIN_PREFIX:
        return NotFoundError(
            f"no trial {reference!r}",
            cause=f"it is no name, and too short for an id: {MIN_PREFIX} digits are the least",
            hint=_LOOK,
        )
    near = _nearest(reference, sorted(names))
    return NotFoundError(
        f"no trial {reference!r}",
        cause=nearest(near) if near else "it is no name, tag, experiment or start of an id",
        hint=_LOOK,
    )


def _nearest(word: str, names: Sequence[str]) -> list[str]:
    from difflib import get_close_matches

    return get_close_matches(word, names, 5, 0.5)


def _candidates(names: Sequence[str], intro: str, otherwise: str = "") -> str:
    if not names:
        return otherwise
    more = f", and {len(names) - _SHOWN} more" if len(names) > _SHOWN else ""
    return f"{intro} {', '.join(names[:_SHOWN])}{more}"
