"""The command ``ledger diff``."""

import click

from ledger.cli import common
from ledger.cli.diff_page import diff_page
from ledger.errors import MismatchError
from ledger.ops import diff, diff_code, query, references
from ledger.ops.differences import SECTIONS
from ledger.ops.result_documents import diff_document


@click.command(
    "diff",
    short_help="Show what differs between two trials or experiments.",
    epilog=common.ends(
        """ledger diff @~1 @
        ledger diff baseline @ --code --exit-code""",
        "0 ok, 2 usage, 3 there is no such trial, 4 they differ in what counts (only with --exit-code)",
    ),
)
@click.argument("a")
@click.argument("b")
@click.option("--verdict", "picked", flag_value="verdict", multiple=True, help="Status and exit code.")
@click.option(
    "--hyperparameters", "picked", flag_value="hyperparameters", multiple=True, help="Hyperparameters."
)
@click.option("--seeds", "picked", flag_value="seeds", multiple=True, help="Seeds and seeded generators.")
@click.option(
    "--code", "picked", flag_value="code", multiple=True, help="Code, with a unified diff of its text."
)
@click.option("--env", "picked", flag_value="environment", multiple=True, help="Environment and host.")
@click.option("--inputs", "picked", flag_value="inputs", multiple=True, help="Inputs.")
@click.option("--metrics", "picked", flag_value="metrics", multiple=True, help="Metrics.")
@click.option("--outputs", "picked", flag_value="outputs", multiple=True, help="Outputs.")
@click.option("--exit-code", is_flag=True, help="Exit with 4 if something that counts differs.")
@common.as_json
@click.pass_context
def command(
    context: click.Context, a: str, b: str, picked: tuple[str, ...], exit_code: bool, as_json: bool
) -> int:
    """Show what differs between two trials, or between two experiments if both names mean one.

    Without a choice, all sections are shown. Sections that are not chosen do not count for --exit-code.
    """
    workspace = common.opened(context)
    trials = query.load(workspace.journal)
    compared = diff.compare(trials, a, b, workspace.store, timing=workspace.config.replay.timing)
    chosen = [name for name in SECTIONS if name in picked] or list(SECTIONS)
    if as_json:
        common.emit(diff_document(compared))
    else:
        text = None
        if "code" in picked and compared.kind == "trials":
            pair = [references.resolve(trials, each) for each in (compared.a, compared.b)]
            text = diff_code.unified(pair[0], pair[1], workspace.store)
        diff_page(compared, trials, chosen, text).show()
    counted = any(each.counted for name in chosen for each in compared.diff.sections[name])
    differs = counted or bool(compared.diff.problems)
    return MismatchError.exit_code if exit_code and differs else 0
