"""The command ``ledger open``."""

from pathlib import Path

import click

from ledger.cli import common, plain
from ledger.cli.page import Page
from ledger.cli.proof_page import head_digest, signers_told
from ledger.ops import bundle_check, proofs
from ledger.ops.bundle_document import opened_document
from ledger.ops.open_bundle import Opened, open_bundle
from ledger.ops.text import count, line

TRUST = "replay runs the recorded command: do that with what comes from people whom you trust"
"""What has to be known before anything of a bundle is made again."""
_SHOWN = 20


@click.command(
    "open",
    short_help="Check a bundle, and make a ledger of it.",
    epilog=common.ends(
        """ledger open paper.ledger --key ann.pub
        ledger open paper.ledger /tmp/paper""",
        "0 opened, 2 usage, 3 there is no such file, 4 something in it is not what it has to be, or is not"
        " signed by a key that you named, 5 no ssh-keygen",
    ),
)
@click.argument("file")
@click.argument("directory", metavar="[DIR]", required=False)
@click.option("--key", metavar="PATH", help="The public key that has to have signed its head.")
@click.option("--signers", metavar="FILE", help="The keys of which one has to, as ssh's allowed signers.")
@click.option("--head", metavar="HEAD", help="The head that it has to be of, a digest or a file.")
@click.option("--max-size", metavar="SIZE", help="Bytes that it may make up, such as 50GB.")
@common.as_json
def command(
    file: str,
    directory: str | None,
    key: str | None,
    signers: str | None,
    head: str | None,
    max_size: str | None,
    as_json: bool,
) -> None:
    """Check a bundle, every byte of it, and make a ledger of it in DIR, by default the file's name.

    There, log, show, diff, checkout, replay and all else work; a second bundle may be opened into the same
    directory. Nothing is left behind where a bundle is refused.

    What somebody has recorded is code: replay runs it, so replay what comes of people whom you trust. To
    open and look at it runs nothing.
    """
    trusted = proofs.trusted(
        key=Path(key) if key else None,
        signers=Path(signers) if signers else None,
        head=None if head is None else head_digest(head, "--head"),
    )
    opened = open_bundle(
        Path(file),
        None if directory is None else Path(directory),
        trusted,
        what=file,
        max_size=None if max_size is None else bundle_check.size(max_size),
        progress=plain.say,
    )
    tell(opened)
    if as_json:
        common.emit(opened_document(opened))
    else:
        _page(opened).show()


def tell(opened: Opened) -> None:
    """Say what is missing in a bundle, and what was not checked."""
    checked = opened.checked
    for each in checked.missing[:_SHOWN]:
        plain.warn(f"{line(each.what)} is not in it: {each.digest}")
    if len(checked.missing) > _SHOWN:
        plain.warn(f"and {len(checked.missing) - _SHOWN} more")
    if checked.left_out:
        plain.say(f"without the content of {count(len(checked.left_out), 'output')}")
    if checked.unchecked:
        plain.warn(f"its signatures were not checked: {checked.unchecked}")


def _page(opened: Opened) -> Page:
    checked, page = opened.checked, Page()
    entries = count(len(checked.entries), "entry").replace("entrys", "entries")
    if checked.vouched:
        page.line(("whole, and vouched for by what you named", "bold green"))
    else:
        page.line(("whole, but nothing that you named vouches for its head", "bold yellow"))
    again = "" if opened.added else " (it was there already)"
    page.pairs(
        [
            ("opened in", f"{line(str(opened.directory))}{again}"),
            ("holds", f"{entries}, {count(len(checked.objects), 'object')}"),
            ("head", str(checked.bundle.signed.digest)),
            ("named", "it is the head that you named" if checked.trusted.head else None),
            *(("signed by", each) for each in signers_told(checked.signers, checked.unchecked)),
        ]
    )
    page.heading(count(len(checked.trials), "trial").capitalize())
    for trial in checked.trials[:_SHOWN]:
        name = f" {line(trial.name)}" if trial.name else ""
        page.line(f"  {trial.id.short}{name}  {line(' '.join(trial.intent.argv))}", verbatim=True)
    if len(checked.trials) > _SHOWN:
        page.line(f"  {len(checked.trials) - _SHOWN} more")
    page.line("")
    page.line(TRUST)
    return page
