"""The command ``ledger pull``."""

import click

from ledger.cli import common, transferring
from ledger.ops import sharing
from ledger.ops.pull import pull
from ledger.remotes import registry
from ledger.workspace import is_copy


@click.command(
    "pull",
    short_help="Take what a remote has.",
    epilog=common.ends(
        """ledger pull
        ledger pull lab --json""",
        "0 it is all here now, 1 the remote cannot be reached, 2 usage, 3 there is no such remote, or no"
        " ledger there, 4 something there is not believed",
    ),
)
@click.argument("name", required=False)
@common.as_json
@click.pass_context
def command(context: click.Context, name: str | None, as_json: bool) -> int:
    """Take what a remote has, once all of it was checked.

    Entries come as they are, so ids, order and proofs stay the same. A log that differs from what is here, or
    bytes that are not what they should be, are named and left there.
    """
    workspace = common.opened(context, here=True)
    known = registry.named(workspace.directory, name)
    progress = transferring.Progress()
    with sharing.reached(known) as remote:
        # Where the remote is the ledger, entries are mostly here, and who asks wants their contents.
        contents = True if is_copy(workspace.directory) else None
        done = pull(workspace, remote, known.name, contents=contents, progress=progress)
    progress.end()
    return transferring.show("pull", known, done, as_json=as_json)
