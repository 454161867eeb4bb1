"""What is noted on what a report is about: each note once, though it may be on a diff of two trials."""

from ledger.model.jsonform import rfc3339
from ledger.ops import note_signatures, note_subject
from ledger.ops.note_signatures import State
from ledger.ops.remarks import Remark
from ledger.ops.text import line, moment
from ledger.ops.trials import Trials
from ledger.reports.choosing import Chosen

Noted = tuple[str, Remark]
"""What a note is on, in words, and the note."""


def noted(chosen: Chosen, trials: Trials) -> tuple[Noted, ...]:
    """Notes on the experiments, then those on these trials, on their metrics' steps and on their diffs.

    Of each kind the oldest is first.
    """
    names = {each.experiment for each in chosen.choices if each.experiment is not None}
    ids = {trial.id for trial in chosen.trials}
    standing = trials.standing_notes
    found = [each for each in standing if not names.isdisjoint(each.experiments)]
    found += [each for each in standing if not ids.isdisjoint(each.trials)]
    return tuple((note_subject.described(each.note, trials), each) for each in found)


def heading(about: str, remark: Remark) -> str:
    """Who noted it on what and when, and how it is signed."""
    said = f"{line(remark.note.author)} on {line(about)}, {moment(rfc3339(remark.time))} UTC"
    signed = note_signatures.check(remark)
    told = {
        State.UNSIGNED: "",
        State.GOOD: f", signed by {line(signed.key or '')}",
        State.BAD: f", but its signature does not hold: {line(signed.reason or '')}",
        State.UNCHECKED: ", with a signature that was not checked",
    }[signed.state]
    corrected = ", corrected" if remark.before else ""
    return said + corrected + told
