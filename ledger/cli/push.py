"""The command ``ledger push``."""

import click

from ledger.cli import common, transferring
from ledger.ops import sharing
from ledger.ops.push import push
from ledger.remotes import registry


@click.command(
    "push",
    short_help="Share what is here with a remote.",
    epilog=common.ends(
        """ledger push
        ledger push lab --json""",
        "0 it is all there now, 1 the remote cannot be reached, 2 usage, 3 there is no such remote,"
        " 4 a log there differs from the one here",
    ),
)
@click.argument("name", required=False)
@click.option("--full", is_flag=True, help="Look at the remote for every object, whatever is known of it.")
@common.as_json
@click.pass_context
def command(context: click.Context, name: str | None, full: bool, as_json: bool) -> int:
    """Share what is here with a remote: objects first, then entries.

    Only what is missing there travels. Whatever ends it, the remote stays whole, and the next push goes on
    from there. Two machines that push at once never conflict.
    """
    workspace = common.opened(context, here=True)
    known = registry.named(workspace.directory, name)
    progress = transferring.Progress()
    with sharing.reached(known) as remote:
        done = push(workspace, remote, known.name, full=full, progress=progress)
    progress.end()
    return transferring.show("push", known, done, as_json=as_json)
