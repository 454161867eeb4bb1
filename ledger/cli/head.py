"""The command ``ledger head``."""

import click

from ledger.cli import common
from ledger.cli.page import Page
from ledger.cli.plain import say
from ledger.errors import NotFoundError, UsageError
from ledger.journal import kept_heads
from ledger.model import Digest
from ledger.model.proof import SignedHead, head_document
from ledger.ops import denominator, git_heads, pinned_heads
from ledger.ops.denominator import Denominator, counted_words
from ledger.ops.proof_document import denominator_document
from ledger.ops.prove import signed_heads, with_signers


@click.command(
    "head",
    short_help="Show how far the ledger goes, or pin that.",
    epilog=common.ends(
        """ledger head --signed -x digits
        ledger head --git-tag camera-ready""",
        "0 ok, 2 usage, 3 there is no such head or experiment, 5 no ssh-keygen",
    ),
)
@click.argument("digest", required=False)
@click.option("--signed", is_flag=True, help="The largest one that is signed, rather than that of now.")
@common.experiment("Count the trials of this experiment in it, whatever came of them.")
@click.option("--git-tag", metavar="NAME", help="Pin it in an annotated tag of the commit that is HEAD.")
@click.option(
    "--trailer",
    is_flag=True,
    help='Print the line that pins it in a message: git commit --trailer "$(ledger head --trailer)".',
)
@common.as_json
@click.pass_context
def command(
    context: click.Context,
    digest: str | None,
    signed: bool,
    experiment: str | None,
    git_tag: str | None,
    trailer: bool,
    as_json: bool,
) -> None:
    """Show how far the ledger goes: for each origin, how many entries, and the root over them.

    DIGEST is that of a head that was signed or pinned earlier; without one, it is the head of now. What is
    signed or pinned is kept, and ledger verify holds the ledger against it from then on.
    """
    if digest is not None and signed:
        raise UsageError("two heads at once", hint="leave out DIGEST or --signed")
    workspace = common.opened(context)
    if digest is not None:
        found = with_signers(kept_heads.get(workspace.directory, Digest.parse(digest)))
    elif signed:
        found = _signed(next(signed_heads(workspace.directory), None))
    else:
        found = pinned_heads.signed(workspace, workspace.journal.head())
    counted = None
    if experiment is not None:
        counted = denominator.count(workspace.journal, found.head, experiment)
        if not counted.trials:
            raise NotFoundError(
                f"no trial of {experiment!r} in this head", hint="see what there is: ledger log"
            )
    if git_tag is not None or trailer:
        if not found.head.origins:
            raise UsageError("there is nothing to pin", hint="record a trial: ledger run COMMAND")
        if git_tag is not None:
            _tag(workspace.git)
        kept_heads.keep(workspace.directory, found.head)  # what a tag tells of has to be durable
        if git_tag is not None:
            git_heads.tag(workspace.root, git_tag, found.head)
            say(f"tag {git_tag} holds the head {found.digest.short}")
    if trailer:
        click.echo(git_heads.trailer(found.digest))
    elif as_json:
        common.emit(head_document(found, None if counted is None else denominator_document(counted)))
    else:
        _page(found, counted).show()


def _signed(found: SignedHead | None) -> SignedHead:
    if found is None:
        raise NotFoundError("no head is signed", hint="sign one: ledger verify --sign")
    return found


def _tag(git: bool) -> None:
    if not git:
        raise UsageError(
            "there is no git repository to tag", hint="make one: git init; or keep it: ledger head --json"
        )


def _page(found: SignedHead, counted: Denominator | None) -> Page:
    page = Page()
    head = found.head
    entries = "1 entry" if head.size == 1 else f"{head.size:,} entries"
    page.line((f"{found.digest}", "bold"))
    page.pairs(
        [
            ("entries", entries),
            *((f"origin {each.origin.hex()[:8]}", f"{each.size:,}  {each.root}") for each in head.origins),
            *(("signed by", each.key) for each in found.signatures),
            *([] if found.signatures else [("signed by", "nobody")]),
            *([] if counted is None else [("experiment", counted_words(counted))]),
        ]
    )
    return page
