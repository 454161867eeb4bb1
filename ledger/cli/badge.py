"""The command ``ledger badge``."""

from pathlib import Path

import click

from ledger import fs
from ledger.cli import common
from ledger.cli.plain import say
from ledger.errors import UsageError
from ledger.ops import query, references
from ledger.ops.output_file import output_file
from ledger.ops.text import line
from ledger.reports import badge


@click.command(
    "badge",
    short_help="Write a badge that says what replays have shown.",
    epilog=common.ends(
        """ledger badge paper -o badge.svg
        ledger badge @ --label 'table 2' -o table-2.svg""",
        "0 ok, 2 usage, 3 there is no such trial",
    ),
)
@click.argument("ref")
@click.option("-o", "--output", metavar="FILE", help="Write it there; else to standard output.")
@click.option("--label", metavar="TEXT", default=badge.LABEL, help=f"What stands left [{badge.LABEL}].")
@click.pass_context
def command(context: click.Context, ref: str, output: str | None, label: str) -> None:
    """Write a small picture (SVG) for a README.

    It says the verdict of the trial's newest replay, when that was, and on how many hosts the trial came out
    the same. Replays under changed conditions do not count.
    """
    target = None if output is None else output_file(_picture(Path(output)), "badge")
    workspace = common.opened(context)
    trials = query.load(workspace.journal)
    found = badge.seal(references.resolve(trials, ref), trials, workspace.store)
    content = badge.badge(found, label)
    if target is None:
        common.write(content)
    else:
        fs.replace(target, content, sync=False)
        say(f"{line(str(output))}: {found.text}")


def _picture(path: Path) -> Path:
    if path.suffix.lower().strip(".") not in ("", "svg"):
        raise UsageError(
            f"no badge ends in {path.suffix}",
            cause=f"-o {path}: a badge is an SVG picture",
            hint=f"-o {path.with_suffix('.svg')}",
        )
    return path
