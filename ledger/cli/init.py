"""The command ``ledger init``."""

import click

from ledger import workspace as workspaces
from ledger.cli.common import ends
from ledger.cli.plain import directory
from ledger.cli.text import line


@click.command(
    "init",
    short_help="Make a ledger here.",
    epilog=ends(
        "ledger init\nledger --ledger /data/project.ledger init",
        "0 there is a ledger now, 1 it cannot be written",
    ),
)
@click.pass_context
def command(context: click.Context) -> None:
    """Make a ledger here.

    It lies in .ledger at the top of the git tree, else in this directory, and git does not see it.
    A first `ledger run` makes it as well.
    """
    workspace, made = workspaces.find_or_make(directory(), context.obj)
    place = line(str(workspace.directory))
    if not made:
        click.echo(f"there is a ledger already: {place}")
        return
    kind = "the git tree" if workspace.git else "the directory"
    click.echo(f"made a ledger: {place}\nit stands for {kind} {line(str(workspace.root))}")
    click.echo("record a trial: ledger run python train.py")
