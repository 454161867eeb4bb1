"""The command ``ledger note``."""

import sys

import click

from ledger.cli import common
from ledger.cli.text import line
from ledger.errors import UsageError
from ledger.ops import notes, query, references


@click.command(
    "note",
    short_help="Write a note on a trial or an experiment.",
    epilog=common.ends(
        """ledger note @ 'the loss spikes at step 200'
        ledger note -x digits -m 'all with the new split'""",
        "0 ok, 2 usage, 3 there is no such trial or experiment",
    ),
)
@click.argument("words", metavar="[REF] [TEXT]", nargs=-1)
@common.experiment("Of this experiment rather than of a trial.")
@click.option("-m", "--message", metavar="TEXT", help="The note.")
@click.pass_context
def command(
    context: click.Context, words: tuple[str, ...], experiment: str | None, message: str | None
) -> None:
    """Write a note, in Markdown, on a trial or an experiment.

    TEXT may be - : it is then read from standard input. A note is an entry of its own: nothing is changed.
    """
    rest = list(words)
    reference = None if experiment is not None or not rest else rest.pop(0)
    common.one_of(reference, experiment, "ledger note")
    if len(rest) + (message is not None) != 1:
        raise UsageError(
            "no text" if not rest else "more than one text",
            cause=f"expected one, got {len(rest) + (message is not None)}",
            hint="put it in quotes: ledger note @ 'why it was run'",
        )
    text = message if message is not None else rest[0]
    if text == "-":
        text = sys.stdin.buffer.read().decode("utf-8", "surrogateescape").rstrip("\n")
    workspace = common.opened(context)
    trials = query.load(workspace.journal)
    author = notes.author(workspace.root)
    if reference is not None:
        trial = references.resolve(trials, reference)
        notes.note(workspace.journal, text, author=author, trial=trial.id)
        what = references.describe(trial)
    else:
        references.experiment(trials, experiment or "")
        notes.note(workspace.journal, text, author=author, experiment=experiment)
        what = f"experiment {experiment}"
    click.echo(f"noted on {line(what)}")
