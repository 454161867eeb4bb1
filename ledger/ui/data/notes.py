"""The notes of a ledger, as the page shows them."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from ledger.errors import UsageError
from ledger.model import Trial
from ledger.ops import note_subject
from ledger.ops.note_documents import note_document
from ledger.ops.note_html import htmls
from ledger.ops.note_subject import Subject
from ledger.ops.noted import Found, Shown
from ledger.ops.remarks import Remark
from ledger.ops.trials import Trials

Document = dict[str, Any]

MOST = 1000
"""Notes of one document: more than anybody reads at once."""


class Source(Protocol):
    """The part of a ledger's source that is needed."""

    def around(self, ref: str) -> tuple[Trial, Trials]:
        """The trial that a reference means, and what was said of it."""
        ...

    def noted(self, refs: Sequence[str], experiments: Sequence[str], shown: Shown) -> Found:
        """All notes, and the trials that are needed."""
        ...


def answer(source: Source, query: Mapping[str, str]) -> Document:
    """The notes on what a query names, or all.

    Parameters
    ----------
    source
        The ledger.
    query
        ``trials``: references with commas between, or ``experiments``: a JSON array of names. Of more than
        one, the notes on their diff.

    Returns
    -------
    dict
        As `notes`.

    Raises
    ------
    UsageError
        If the query is off.
    NotFoundError, AmbiguousError
        If there is no such trial or experiment, or more than one.
    """
    refs = [each for each in query.get("trials", "").split(",") if each]
    named = names(query["experiments"]) if "experiments" in query else []
    if len(refs) == 1 and not named:
        trial, trials = source.around(refs[0])
        return notes(trials, Subject(trials=(trial.id,)))
    if not refs and not named:
        return notes(
            source.noted(
                (), (), lambda trials: [*_last(trials.standing_notes), *_last(trials.notes_taken_back)]
            ).trials
        )
    found = source.noted(refs, named, lambda _: ())
    return notes(found.trials, note_subject.checked(found, named))


def notes(trials: Trials, on: Subject | None = None) -> Document:
    """Notes, newest first.

    Parameters
    ----------
    trials
        All trials, and what was said of them.
    on
        Only what concerns this: a trial or an experiment with its diffs, or one diff.

    Returns
    -------
    dict
        ``notes``: documents of the form ``notes.v1``, each with ``html``, its text to show, and ``on``, what
        it is on, in words; at most `MOST`. ``all``: how many there are. ``taken_back``: likewise what takes
        notes back, without ``html``; ``text`` is why, ``before`` what was taken back.
    """
    found = _concerning(trials.standing_notes, on)
    shown = found[:MOST]
    told = [
        note_document(each) | {"html": html, "on": note_subject.described(each.note, trials)}
        for each, html in zip(shown, htmls(each.note.text for each in shown), strict=True)
    ]
    gone = [
        note_document(each) | {"on": note_subject.described(each.note, trials)}
        for each in _concerning(trials.notes_taken_back, on)[:MOST]
    ]
    return {"notes": told, "all": len(found), "taken_back": gone}


def _last(remarks: Sequence[Remark]) -> Sequence[Remark]:
    return remarks[-MOST:]


def _concerning(remarks: Iterable[Remark], on: Subject | None) -> list[Remark]:
    found = [each for each in remarks if on is None or note_subject.concerns(each, on)]
    return found[::-1]


def names(text: str, what: str = "experiments") -> list[str]:
    """The texts of a JSON array in an address.

    Raises
    ------
    UsageError
        If it is none.
    """
    try:
        found = json.loads(text)
    except (ValueError, RecursionError) as error:
        raise UsageError("no names", cause=f"{what}: expected JSON: {str(error)[:200]}") from error
    if not isinstance(found, list) or not all(isinstance(each, str) for each in found):
        raise UsageError("no names", cause=f"{what}: expected an array of texts")
    return found
