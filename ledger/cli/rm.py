"""The command ``ledger rm``."""

import click

from ledger.cli import common
from ledger.model import Allowance, Trial
from ledger.ops import query, references, remove
from ledger.ops.text import line


@click.command(
    "rm",
    short_help="Take back a trial, or what a calibration allows.",
    epilog=common.ends(
        """ledger rm @ -m "the wrong data"
        ledger rm 3fa9 -m "it must not vary\"""",
        "0 ok, 2 usage, 3 there is no such trial or allowance",
    ),
)
@click.argument("ref")
@click.option("-m", "--message", metavar="TEXT", default="", help="Why.")
@click.pass_context
def command(context: click.Context, ref: str, message: str) -> None:
    """Hide a trial, or take back what `ledger replay -n` has learned that may vary.

    A tombstone is appended; what was recorded stays, and `ledger verify` still checks the journal that tells
    it. `ledger gc` removes the contents that no other trial holds.
    """
    workspace = common.opened(context)
    id, found = remove.find(query.load(workspace.journal), ref)
    remove.remove(workspace.journal, id, message)
    click.echo(f"took back {_named(found)}")


def _named(found: Trial | Allowance) -> str:
    if isinstance(found, Allowance):
        whose = f"of experiment {found.experiment}" if found.experiment else f"of {found.trial.short}"
        return line(f"the allowance of {found.part} {found.path} {whose}")
    return line(references.describe(found))
