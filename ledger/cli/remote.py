"""The commands ``ledger remote add``, ``list`` and ``rm``."""

import click

from ledger.cli import common
from ledger.cli.page import Page
from ledger.cli.plain import directory
from ledger.ops import sharing
from ledger.ops.result_documents import remotes_document
from ledger.ops.text import line
from ledger.remotes import registry


@click.group(
    "remote",
    short_help="Name a remote, list them, or forget one.",
    epilog=common.ends(
        """ledger remote add lab s3://bucket/project
        ledger remote list""",
        "0 ok, 1 it cannot be reached or does not do what is relied on, 2 usage, 3 there is no such remote",
    ),
)
def command() -> None:
    """Name a remote, list them, or forget one.

    A remote is a directory, a bucket (s3://BUCKET/PREFIX, gs://…, az://…) or a directory of a machine that is
    reached by SSH (sftp://[USER@]HOST/PATH). Credentials come from the usual places and are never kept here.
    """


@command.command("add", short_help="Name a remote.")
@click.argument("name")
@click.argument("url")
@click.pass_context
def add(context: click.Context, name: str, url: str) -> None:
    """Name a remote, once it has shown that it does what is relied on.

    It is tried whether of many who create one blob at once exactly one succeeds; where two do, it is refused.
    """
    workspace = common.opened(context, here=True)
    sharing.refuse_a_copy(workspace)
    known = sharing.add(workspace, name, url, here=directory())
    click.echo(f"{line(known.name)} is {line(known.url)}\nshare what is here: ledger push {line(known.name)}")


@command.command("list", short_help="List the remotes.")
@common.as_json
@click.pass_context
def list_remotes(context: click.Context, as_json: bool) -> None:
    """List the remotes, by name."""
    known = registry.known(common.opened(context, here=True).directory)
    if as_json:
        common.emit(remotes_document(known))
        return
    page = Page()
    if known:
        rows = [((line(each.name), "yellow"), line(each.url)) for each in known]
        page.table(("name", "url"), rows, indent=0)
    else:
        page.line("no remotes. Add one: ledger remote add NAME URL")
    page.show()


@command.command("rm", short_help="Forget a remote.")
@click.argument("name")
@click.pass_context
def remove(context: click.Context, name: str) -> None:
    """Forget a remote; what is there stays."""
    workspace = common.opened(context, here=True)
    sharing.refuse_a_copy(workspace)
    gone = sharing.remove(workspace, name)
    click.echo(f"forgot {line(gone.name)}, which stays as it is: {line(gone.url)}")
