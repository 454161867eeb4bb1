"""What people say about trials: notes and tags."""

import subprocess
from pathlib import Path

from ledger.errors import NotFoundError, UsageError
from ledger.journal.base import Journal
from ledger.model import Digest, Note, Recorded, Tag, Trial
from ledger.ops import references
from ledger.ops.names import check_name
from ledger.ops.query import Trials


def note(
    journal: Journal,
    text: str,
    *,
    author: str,
    trial: Digest | None = None,
    experiment: str | None = None,
    replaces: Digest | None = None,
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
    trial, experiment
        What it is about: one of them.
    replaces
        The note that this one corrects.

    Raises
    ------
    UsageError
        If the text is empty or no UTF-8, or it is not about one thing.
    NotFoundError
        If `replaces` is no note.
    """
    if not text.strip():
        raise UsageError("an empty note", hint='say something: ledger note REF "why it was run"')
    if any("\ud800" <= letter <= "\udfff" for letter in text):
        raise UsageError("a note that is no UTF-8", cause="its bytes are no text")
    if (trial is None) is (experiment is None):
        raise UsageError("a note is about one trial or one experiment")
    if replaces is not None:
        corrected = journal.get(replaces)
        if corrected is None or not isinstance(corrected.entry.payload, Note):
            raise NotFoundError(f"no note {replaces}", hint="see the notes: ledger show REF --json")
    return journal.append(
        Note(trial=trial, experiment=experiment, text=text, author=author, replaces=replaces)
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
