"""The command ``ledger show``."""

import click

from ledger.cli import common
from ledger.cli.page import Page
from ledger.cli.trial_page import trial_page
from ledger.model import Trial
from ledger.ops import query, references
from ledger.ops.documents import file_counts, in_full, trial_document
from ledger.ops.text import line
from ledger.workspace import Workspace


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

    REF is @ (the last trial that is no rerun), @~2 (two before), a name, a tag, an experiment (its newest
    trial), or the start of an id.
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
        silent = common.silent(workspace).get(trial.id)
        page = trial_page(document, counts, every=every, silent=silent)
        if trial.experiment is not None and len(document["metrics"]) > 1:
            _overfitting(page, workspace, trial)
        page.show()


def _overfitting(page: Page, workspace: Workspace, trial: Trial) -> None:
    from ledger.cli.importance_page import moved
    from ledger.ops.overfitting import around  # which needs numpy

    found = around(workspace, trial)
    if found:
        page.heading(f"Overfitting in {line(trial.experiment or '')}")
        for each in found:
            page.line(f"  {moved(each)}")
