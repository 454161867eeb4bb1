"""The command ``ledger checkout``."""

from pathlib import Path

import click

from ledger.cli import common, plain
from ledger.errors import DamagedError
from ledger.ops import lettings, query, references
from ledger.ops.checkout import Part, checkout
from ledger.ops.text import count, line


@click.command(
    "checkout",
    short_help="Write a trial's files into a directory.",
    epilog=common.ends(
        """ledger checkout @ --to /tmp/again
        ledger checkout baseline model --to . --outputs --force""",
        "0 ok, 1 another file is in the way, 2 usage, 3 there is no such trial or path, 4 damaged content",
    ),
)
@click.argument("ref")
@click.argument("paths", metavar="[PATH]...", nargs=-1)
@click.option("--to", "target", metavar="DIR", required=True, help="Where to; made if it is missing.")
@click.option("--code", "parts", flag_value="code", multiple=True, help="The code, and products that it had.")
@click.option("--inputs", "parts", flag_value="inputs", multiple=True, help="The inputs.")
@click.option("--outputs", "parts", flag_value="outputs", multiple=True, help="The outputs.")
@click.option(
    "--force", is_flag=True, help="Replace files that are there and differ; nothing is ever removed."
)
@click.pass_context
def command(
    context: click.Context, ref: str, paths: tuple[str, ...], target: str, parts: tuple[str, ...], force: bool
) -> int:
    """Write a trial's files into a directory: all of them, or those at and beneath each PATH.

    Without a choice of parts, the tree is as the trial left it.
    """
    workspace = common.opened(context)
    trials = query.load(workspace.journal)
    trial = references.resolve(trials, ref)
    chosen = [Part(each) for each in dict.fromkeys(parts)]
    if Part.CODE in chosen:
        chosen.append(Part.PRODUCTS)
    done = checkout(
        trial,
        Path(target).expanduser(),
        workspace.store,
        parts=chosen or tuple(Part),
        paths=paths,
        force=force,
        let_go=lambda digest: lettings.why(trial, trials, digest, workspace.store),
    )
    for path, reason in (*done.skipped, *done.damaged):
        plain.warn(f"{path}: {reason}")
    click.echo(f"{count(len(done.paths), 'path')} of {line(references.describe(trial))} in {line(target)}")
    return DamagedError.exit_code if done.damaged else 0
