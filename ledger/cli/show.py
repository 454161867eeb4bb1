"""The command ``ledger show``."""

import click

from ledger.cli import common
from ledger.cli.trial_page import trial_page
from ledger.ops import query, references
from ledger.ops.documents import file_counts, in_full, trial_document


@click.command(
    "show",
    short_help="Show all that is recorded of a trial.",
    epilog=common.ends(
        """ledger show @
        ledger show @ --all""",
        "0 ok, 3 there is no such trial, or more than one",
    ),
)
@click.argument("ref")
@click.option("--all", "every", is_flag=True, help="Cut no list, and list every file of a directory.")
@common.as_json
@click.pass_context
def command(context: click.Context, ref: str, every: bool, as_json: bool) -> None:
    """Show all that is recorded of a trial, and what is missing of it.

    REF is @ (the last trial), @~2, a name, a tag, an experiment (its newest trial), or the start of an id.
    """
    workspace = common.opened(context)
    trials = query.load(workspace.journal)
    trial = references.resolve(trials, ref)
    if every:
        trial = in_full(trial, workspace.store)
    document = trial_document(trial, trials, workspace.store)
    if as_json:
        common.emit(document)
    else:
        counts = file_counts(trial, workspace.store)
        trial_page(document, counts, every=every, silent=common.silent(workspace).get(trial.id)).show()
