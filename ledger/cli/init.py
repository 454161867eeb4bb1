"""The command ``ledger init``."""

import click

from ledger import workspace as workspaces
from ledger.cli.common import ends
from ledger.cli.plain import directory
from ledger.ops.text import line
from ledger.remotes.locate import is_url, written


@click.command(
    "init",
    short_help="Make a ledger here.",
    epilog=ends(
        "ledger --ledger /data/project.ledger init\nledger --ledger s3://bucket/lab init",
        "0 there is a ledger now, 1 it cannot be written",
    ),
)
@click.pass_context
def command(context: click.Context) -> None:
    """Make a ledger here.

    It lies in .ledger at the top of the git tree, else in this directory, and git does not see it.
    A first `ledger run` makes it as well. With --ledger URL the remote itself is the ledger, and many
    machines may use it at once.
    """
    if context.obj and is_url(context.obj):
        _at_remote(context.obj)
        return
    workspace, made = workspaces.find_or_make(directory(), context.obj)
    place = line(str(workspace.directory))
    if not made:
        click.echo(f"there is a ledger already: {place}")
        return
    kind = "the git tree" if workspace.git else "the directory"
    click.echo(f"made a ledger: {place}\nit stands for {kind} {line(str(workspace.root))}")
    click.echo("record a trial: ledger run python train.py")


def _at_remote(url: str) -> None:
    from ledger.ops import copies  # of no use to most

    workspace, made = copies.find_or_make(directory(), url)
    place = line(written(copies.upstream_of(workspace).url))
    click.echo(f"{'made a ledger' if made else 'there is a ledger already'}: {place}")
    click.echo(f"what this machine has of it is in {line(str(workspace.directory))}")
    if made:
        click.echo(f"record a trial: ledger --ledger {place} run python train.py")
