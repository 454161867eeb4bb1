"""A note that somebody wrote on the page.

The page says what is noted and on what. Who says it is who started the page's server, as git knows them: no
request can say that. It is signed with the key that git signs with, if there is one; nobody is asked for its
passphrase.
"""

import json
from collections.abc import Mapping
from typing import Any

from ledger.errors import UsageError
from ledger.model.frozen import frozen, replace
from ledger.ops import note_signatures, note_subject, noted, notes
from ledger.ops.note_documents import note_document
from ledger.ops.note_html import html
from ledger.ops.remarks import remark_of
from ledger.workspace import Workspace

Document = dict[str, Any]

MOST = 1 << 20
"""Bytes of a request: a text of `notes.MOST` bytes fits, however JSON writes it."""
_MOST_SIDES = 100
"""Trials or experiments of one diff."""
_MOST_NAME = 4096
"""Letters of a name or an id."""


@frozen
class Posted:
    """What a request asks for."""

    text: str
    trials: tuple[str, ...] = ()
    """References, more than one of a diff."""
    experiments: tuple[str, ...] = ()
    """Names, more than one of a diff."""
    metric: str | None = None
    step: int | None = None
    replaces: str | None = None
    """Id of the note that it corrects or takes back; it is on what that one is on."""
    remove: bool = False
    """Whether to take that one back; the text says why."""
    sign: bool | None = None
    """False to leave it unsigned, though git has a key."""


def read(content: bytes) -> Posted:
    """What a request's body says.

    Parameters
    ----------
    content
        JSON: a map of the fields of `Posted`, of which ``text`` is needed.

    Raises
    ------
    UsageError
        If it says something else; the cause names the field.
    """
    if len(content) > MOST:
        raise UsageError(
            "a note that is too long", cause=f"expected {MOST:,} bytes at most, got {len(content):,}"
        )
    try:
        document = json.loads(content)
    except (ValueError, RecursionError) as error:
        raise UsageError("not a note", cause=f"expected JSON: {str(error)[:200]}") from error
    if not isinstance(document, dict):
        raise UsageError("not a note", cause=f"expected a map, got {type(document).__name__}")
    unknown = sorted(document.keys() - _FIELDS.keys())
    if unknown:
        raise UsageError("not a note", cause=f"{unknown[0][:100]!r}: there is no such field")
    if "text" not in document:
        raise UsageError("not a note", cause="text is missing")
    for name, value in document.items():
        what, fits = _FIELDS[name]
        if not fits(value):
            raise UsageError("not a note", cause=f"{name}: expected {what}, got {str(value)[:100]!r}")
    fields: dict[str, Any] = {
        name: tuple(each) if isinstance(each, list) else each for name, each in document.items()
    }
    return Posted(**fields)


def preview(posted: Posted) -> Document:
    """How a text will look: ``html``. Nothing is written."""
    return {"html": html(posted.text)}


def write(workspace: Workspace, posted: Posted) -> Document:
    """Append what was posted.

    Parameters
    ----------
    workspace
        The ledger.
    posted
        As `read` gives it.

    Returns
    -------
    dict
        The new note, of the form ``notes.v1`` with ``html`` and ``on``, as `ledger.ui.data.notes` has it.

    Raises
    ------
    UsageError
        If what is asked for does not go together, or the text is empty or too long.
    NotFoundError, AmbiguousError
        If there is no such trial, experiment, metric or note, or more than one.
    LedgerError
        If it cannot be signed; nothing is appended then.
    """
    named = posted.trials or posted.experiments or posted.metric or posted.step is not None
    if posted.replaces is not None and named:
        raise UsageError("a note stays on what it is on", cause="expected replaces alone, got a subject, too")
    if posted.remove and posted.replaces is None:
        raise UsageError("nothing is taken back", cause="remove: expected the note's id in replaces")
    signing = note_signatures.chosen(workspace.root, None, posted.sign)
    signing = None if signing is None else replace(signing, ask=False)
    author = notes.author(workspace.root)
    if posted.replaces is not None:
        wanted = posted.replaces
        trials = noted.find(
            workspace.journal, shown=lambda trials: [note_subject.find(trials, wanted)]
        ).trials
        before = note_subject.find(trials, wanted)
        subject = note_subject.of(before.note)
        done = (
            notes.take_back(workspace.journal, before, author=author, reason=posted.text, signing=signing)
            if posted.remove
            else notes.note(workspace.journal, posted.text, author=author, replaces=before, signing=signing)
        )
    else:
        found = noted.find(workspace.journal, posted.trials, posted.experiments)
        trials = found.trials
        subject = note_subject.checked(found, posted.experiments, metric=posted.metric, step=posted.step)
        note_subject.check_step(subject, trials, workspace.store.get)
        done = notes.note(workspace.journal, posted.text, author=author, subject=subject, signing=signing)
    return note_document(remark_of(done)) | {
        "html": html(posted.text),
        "on": note_subject.words(subject, trials),
    }


def _is_name(value: Any) -> bool:
    return isinstance(value, str) and 0 < len(value) <= _MOST_NAME


def _are_names(value: Any) -> bool:
    return isinstance(value, list) and len(value) <= _MOST_SIDES and all(map(_is_name, value))


_FIELDS: Mapping[str, tuple[str, Any]] = {
    "text": ("a text", lambda value: isinstance(value, str)),
    "trials": (f"an array of at most {_MOST_SIDES} names", _are_names),
    "experiments": (f"an array of at most {_MOST_SIDES} names", _are_names),
    "metric": ("a name or null", lambda value: value is None or _is_name(value)),
    "step": ("an integer or null", lambda value: value is None or type(value) is int),
    "replaces": ("an id or null", lambda value: value is None or _is_name(value)),
    "remove": ("true or false", lambda value: type(value) is bool),
    "sign": ("true, false or null", lambda value: value is None or type(value) is bool),
}
"""What each field has to be."""
