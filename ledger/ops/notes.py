"""What people say about trials: notes and tags."""

import subprocess
from pathlib import Path
from time import time_ns

from ledger.errors import NotFoundError, UsageError
from ledger.journal.base import Journal
from ledger.model import Note, Recorded, Tag, Trial
from ledger.ops import note_signatures, note_subject, references
from ledger.ops.names import check_name
from ledger.ops.note_signatures import Signing
from ledger.ops.note_subject import Subject
from ledger.ops.remarks import Remark
from ledger.ops.trials import Trials

MOST = 100_000
"""Bytes of a note's text: it is read by people."""
_MOST_AUTHOR = 1000


def note(
    journal: Journal,
    text: str,
    *,
    author: str,
    subject: Subject | None = None,
    replaces: Remark | None = None,
    signing: Signing | None = None,
) -> Recorded:
    """Append a note.

    Parameters
    ----------
    journal
        Where to.
    text
        Markdown.
    author
        Who says it (see `author`).
    subject
        What it is on; by default what the one is on that it replaces.
    replaces
        The note that this one corrects.
    signing
        The key that signs it; None to leave it unsigned.

    Raises
    ------
    UsageError
        If the text is empty, too long or no UTF-8, or the two notes are on different things.
    NotFoundError, IncomparableError, LedgerError
        If it cannot be signed; it is not appended then.
    """
    if not text.strip():
        raise UsageError("an empty note", hint='say something: ledger note REF "why it was run"')
    about = subject
    if replaces is not None:
        about = note_subject.of(replaces.note)
        if subject not in (None, about):
            raise UsageError(
                "a note stays on what it is on",
                cause="the one that it corrects is on something else",
                hint="write another note, and take that one back: ledger note --remove ID",
            )
    if about is None:
        raise UsageError("a note is on trials or on experiments", cause="got neither")
    return _append(journal, text, author, about, replaces, signing, removed=False)


def take_back(
    journal: Journal, remark: Remark, *, author: str, reason: str = "", signing: Signing | None = None
) -> Recorded:
    """Append that a note does not stand any more. What it says stays in the journal.

    Raises
    ------
    UsageError
        If the reason is too long or no UTF-8.
    NotFoundError, IncomparableError, LedgerError
        If it cannot be signed; it is not appended then.
    """
    about = note_subject.of(remark.note)
    return _append(journal, reason, author, about, remark, signing, removed=True)


def _append(
    journal: Journal,
    text: str,
    author: str,
    about: Subject,
    replaces: Remark | None,
    signing: Signing | None,
    *,
    removed: bool,
) -> Recorded:
    _check(text, MOST, "a note")
    _check(author, _MOST_AUTHOR, "an author")
    written = Note(
        trial=about.trials[0] if about.trials else None,
        experiment=about.experiments[0] if about.experiments else None,
        against=about.trials[1:],
        against_experiments=about.experiments[1:],
        metric=about.metric,
        step=about.step,
        text=text,
        author=author,
        replaces=None if replaces is None else replaces.id,
        removed=removed,
    )
    time = time_ns()
    if signing is not None:
        written = note_signatures.sign(written, time, signing)
    return journal.append(written, time=time)


def _check(text: str, most: int, what: str) -> None:
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise UsageError(f"{what} that is no UTF-8", cause="its bytes are no text")
    if (length := len(text.encode())) > most:
        raise UsageError(
            f"{what} that is too long",
            cause=f"expected {most:,} bytes at most, got {length:,}",
            hint="put it in a file that a trial writes or reads, and say where",
        )


def tag(journal: Journal, trial: Trial, name: str) -> Recorded:
    """Put a tag on a trial.

    A tag may be on many trials; as a reference it means the one that got it last.

    Raises
    ------
    UsageError
        If no reference could mean a tag of that name.
    """
    check_name(name, "tag")
    return journal.append(Tag(trial=trial.id, name=name))


def untag(journal: Journal, trials: Trials, trial: Trial, name: str) -> Recorded:
    """Take a tag off a trial.

    Raises
    ------
    NotFoundError
        If the trial does not bear it, with those it bears.
    """
    if name not in trial.tags:
        elsewhere = [references.describe(trials.by_id[id]) for id in trials.tagged.get(name, ())]
        own = ", ".join(trial.tags) or "none"
        raise NotFoundError(
            f"{references.describe(trial)} has no tag {name!r}",
            cause=f"its tags: {own}" + (f"; it is on {', '.join(elsewhere[:5])}" if elsewhere else ""),
            hint="see who has which: ledger log",
        )
    return journal.append(Tag(trial=trial.id, name=name, removed=True))


def author(directory: Path) -> str:
    """Who is at the keyboard: ``Name <email>`` as git in `directory` knows it, else the login name."""
    name, email = _git(directory, "user.name"), _git(directory, "user.email")
    if name:
        return f"{name} <{email}>" if email else name
    return email or _login()


def _git(directory: Path, key: str) -> str:
    try:
        result = subprocess.run(
            ["git", "config", "--get", key], cwd=directory, capture_output=True, check=False
        )
    except OSError:
        return ""  # no git here: the login name has to do
    return result.stdout.decode("utf-8", "replace").strip()


def _login() -> str:
    import getpass

    try:
        return getpass.getuser()
    except (KeyError, OSError):
        return "unknown"  # a user id without a name, as containers have
