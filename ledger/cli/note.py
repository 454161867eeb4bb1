"""The command ``ledger note``."""

import sys
from collections.abc import Sequence
from pathlib import Path

import click

from ledger.cli import common
from ledger.cli.notes_page import notes as notes_page
from ledger.cli.page import Page
from ledger.errors import LedgerError, UsageError
from ledger.model import Recorded
from ledger.ops import note_signatures, note_subject, noted, notes
from ledger.ops.note_documents import notes_document
from ledger.ops.note_signatures import Signing
from ledger.ops.note_subject import Subject
from ledger.ops.remarks import Remark, remark_of
from ledger.ops.text import line
from ledger.workspace import Workspace


@click.command(
    "note",
    short_help="Write a note on a trial, an experiment, a metric or a diff.",
    epilog=common.ends(
        """ledger note @ 'the loss spikes here' --metric loss --step 200
        ledger note baseline --with @ 'only the tokenizer differs'""",
        "0 ok, 1 it cannot be signed, 2 usage, 3 there is no such trial, experiment, metric or note",
    ),
)
@click.argument("words", metavar="[REF] [TEXT]", nargs=-1)
@common.experiment("Of this experiment rather than of a trial.")
@click.option(
    "--with",
    "others",
    metavar="REF",
    multiple=True,
    help="On the diff with this trial (with -x: this experiment); may be given again.",
)
@click.option("--metric", metavar="NAME", help="On this metric of the trial.")
@click.option("--step", metavar="N", type=int, help="On this step of the metric.")
@click.option("-m", "--message", metavar="TEXT", help="The note.")
@click.option("--replaces", metavar="ID", help="Correct this note: the new one stands in for it.")
@click.option("--remove", metavar="ID", help="Take this note back; TEXT may say why.")
@click.option("--list", "listed", is_flag=True, help="List the notes, of REF or -x NAME alone if given.")
@click.option("--key", metavar="PATH", type=click.Path(path_type=Path), help="Sign it with this SSH key.")
@click.option(
    "--sign/--no-sign",
    default=None,
    help="Whether to sign it [where git has an SSH key: gpg.format=ssh, user.signingkey].",
)
@common.as_json
@click.pass_context
def command(
    context: click.Context,
    words: tuple[str, ...],
    experiment: str | None,
    others: tuple[str, ...],
    metric: str | None,
    step: int | None,
    message: str | None,
    replaces: str | None,
    remove: str | None,
    listed: bool,
    key: Path | None,
    sign: bool | None,
    as_json: bool,
) -> None:
    """Write a note, in Markdown, on a trial, an experiment, a step of a metric or a diff.

    TEXT may be - : it is then read from standard input. Without TEXT, on a terminal, your editor is opened. A
    note is an entry of its own: nothing is changed, and what a note replaces stays in the journal.
    """
    alone = [each for each in (experiment, replaces, remove) if each is not None]
    rest = list(words)
    reference = rest.pop(0) if rest and not alone else None
    if message is not None:
        rest.append(message)
    _check(reference, experiment, replaces, remove, others, rest, listed=listed)
    workspace = common.opened(context)
    refs = () if reference is None else (reference, *others)
    names = () if experiment is None else (experiment, *others)
    if listed:
        _list(workspace, refs, names, as_json)
        return
    named = replaces if replaces is not None else remove
    found = noted.find(
        workspace.journal,
        refs,
        names,
        shown=lambda trials: () if named is None else [note_subject.find(trials, named)],
    )
    trials = found.trials
    before = None if named is None else note_subject.find(trials, named)
    subject = (
        note_subject.checked(found, names, metric=metric, step=step)
        if before is None
        else note_subject.of(before.note)
    )
    if before is None:
        note_subject.check_step(subject, trials, workspace.store.get)
    signing = note_signatures.chosen(workspace.root, key, sign)
    on = note_subject.words(subject, trials)
    if remove is not None and before is not None:
        reason = _read(rest[0]) if rest else ""
        author = notes.author(workspace.root)
        done = notes.take_back(workspace.journal, before, author=author, reason=reason, signing=signing)
        said = f"took back a note on {line(on)}"
    else:
        done = _write(workspace, rest[0] if rest else None, on, subject, before, signing)
        said = f"noted on {line(on)}"
    if as_json:
        common.emit(notes_document([remark_of(done)]))
    else:
        click.echo(said)


def _check(
    reference: str | None,
    experiment: str | None,
    replaces: str | None,
    remove: str | None,
    others: Sequence[str],
    texts: Sequence[str],
    *,
    listed: bool,
) -> None:
    """Refuse what does not go together."""
    alone = [
        name for name, each in (("-x", experiment), ("--replaces", replaces), ("--remove", remove)) if each
    ]
    if len(alone) > 1:
        raise UsageError(f"{' and '.join(alone)} at once", cause="a note stays on what it is on")
    if listed:
        if texts or (alone and experiment is None):
            raise UsageError("--list writes nothing", cause="expected a reference, -x NAME or nothing else")
        return
    if not alone:
        common.one_of(reference, experiment, "ledger note")
    if others and alone and experiment is None:
        raise UsageError(f"--with and {alone[0]} at once", cause="a note stays on what it is on")
    if len(texts) > 1 or (not texts and remove is None and not _is_terminal()):
        raise UsageError(
            "no text" if not texts else "more than one text",
            cause=f"expected one, got {len(texts)}",
            hint="put it in quotes: ledger note @ 'why it was run'",
        )


def _is_terminal() -> bool:
    return sys.stdin.isatty() and sys.stdout.isatty()


def _read(text: str) -> str:
    if text == "-":
        return sys.stdin.buffer.read().decode("utf-8", "surrogateescape").rstrip("\n")
    return text


def _write(
    workspace: Workspace,
    text: str | None,
    on: str,
    subject: Subject,
    before: Remark | None,
    signing: Signing | None,
) -> Recorded:
    """Append the note; one that comes from the editor stays in its file until it is."""
    from ledger.ops import editor  # most notes are on the command line

    file = None
    if text is None:
        start = "" if before is None else before.note.text
        text, file = editor.ask(workspace.root, start, f"A note on {on}, in Markdown.")
    else:
        text = _read(text)
    author = notes.author(workspace.root)
    try:
        done = notes.note(
            workspace.journal, text, author=author, subject=subject, replaces=before, signing=signing
        )
    except LedgerError as error:
        if file is not None:
            error.hint = f"{f'{error.hint}; ' if error.hint else ''}what you wrote is in {file}"
        raise
    if file is not None:
        file.unlink(missing_ok=True)
    return done


def _list(workspace: Workspace, refs: Sequence[str], names: Sequence[str], as_json: bool) -> None:
    there = noted.find(workspace.journal, refs, names, shown=lambda trials: trials.standing_notes)
    trials = there.trials
    found: Sequence[Remark] = trials.standing_notes
    if refs or names:
        asked = note_subject.checked(there, names)
        found = [each for each in found if note_subject.concerns(each, asked)]
    documents = notes_document(found)
    if as_json:
        common.emit(documents)
        return
    page = Page()
    on = [note_subject.described(each.note, trials) for each in found]
    notes_page(page, documents, "Notes", on)
    if not found:
        page.line("no notes")
    page.show()
