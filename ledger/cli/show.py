"""The command ``ledger show``."""

import click

from ledger.cli import common
from ledger.cli.trial_page import trial_page
from ledger.ops import query, references
from ledger.ops.documents import trial_document


@click.command(
    "show",
    short_help="Show all that is recorded of a trial.",
    epilog=common.ends(
        """ledger show @
        ledger show baseline --json""",
        "0 ok, 3 there is no such trial, or more than one",
    ),
)
@click.argument("ref")
@common.as_json
@click.pass_context
def command(context: click.Context, ref: str, as_json: bool) -> None:
    """Show all that is recorded of a trial, and what is missing of it.

    REF is @ (the last trial), @~2, a name, a tag, an experiment (its newest trial), or the start of an id.
    """
    workspace = common.opened(context)
    trials = query.load(workspace.journal)
    document = trial_document(references.resolve(trials, ref), trials, workspace.store)
    if as_json:
        common.emit(document)
    else:
        trial_page(document).show()
