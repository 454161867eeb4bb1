"""The command ``ledger clone``."""

from pathlib import Path

import click

from ledger.cli import common, transferring
from ledger.cli.plain import directory
from ledger.errors import UsageError
from ledger.ops import sharing
from ledger.ops.text import line


@click.command(
    "clone",
    short_help="Make a ledger from a remote.",
    epilog=common.ends(
        """ledger clone s3://bucket/project
        ledger clone sftp://ann@host/srv/project here""",
        "0 it is all here now, 1 the remote cannot be reached, 2 usage, 3 there is no ledger there,"
        " 4 something there is not believed",
    ),
)
@click.argument("url")
@click.argument("place", metavar="[DIR]", required=False)
@common.as_json
@click.pass_context
def command(context: click.Context, url: str, place: str | None, as_json: bool) -> int:
    """Make a ledger in a new directory from all that a remote has.

    Without DIR it is called as the end of the URL. The remote is named upstream in it.
    """
    if context.obj:
        raise UsageError(
            "a clone makes a ledger of its own", cause="--ledger or LEDGER_DIR names one", hint="leave it out"
        )
    here = directory()
    name = place or Path(url.rstrip("/")).name
    if not name:
        raise UsageError("no directory to clone to", hint="ledger clone URL DIR")
    progress = transferring.Progress()
    workspace, known, done = sharing.clone(url, here / name, here=here, progress=progress)
    progress.end()
    if not as_json:
        click.echo(f"made a ledger: {line(str(workspace.directory))}")
    return transferring.show("pull", known, done, as_json=as_json)
