"""The command ``ledger why``."""

import click

from ledger.cli import common, plain
from ledger.cli.why_page import why_page
from ledger.errors import LedgerError
from ledger.ops import query, references
from ledger.ops.names import check_name
from ledger.ops.why import WhyOptions, why
from ledger.ops.why_document import why_document


@click.command(
    "why",
    short_help="Say what makes the results of two trials differ, and how much.",
    epilog=common.ends(
        """ledger why @~1 @ --dry-run
        ledger why baseline @ --budget 6""",
        "0 ok, 1 the metrics' difference cannot be divided, 2 usage, 3 there is no such trial,"
        " 5 a part of one of them cannot be had here",
    ),
)
@click.argument("a")
@click.argument("b")
@click.option(
    "--budget",
    metavar="N",
    type=click.IntRange(min=0),
    help="Run N hybrids at most; shares are estimated from some orders of the parts if that is too few.",
)
@click.option(
    "--repeat",
    metavar="N",
    type=click.IntRange(min=1),
    default=1,
    help="Run each hybrid N times and take means, where results move by themselves.",
)
@click.option(
    "--rerun", is_flag=True, help="Run A and B themselves anew, too, rather than take what is recorded."
)
@common.environment("Make the recorded environments again, or use today's if it is that of both.")
@common.maps
@common.timeout("End a hybrid after so long.")
@common.experiment("Put the hybrids into this experiment.")
@click.option("--dry-run", is_flag=True, help="Only say which hybrids would be run.")
@common.as_json
@click.pass_context
def command(
    context: click.Context,
    a: str,
    b: str,
    budget: int | None,
    repeat: int,
    rerun: bool,
    env: str,
    maps: tuple[str, ...],
    timeout: float | None,
    experiment: str | None,
    dry_run: bool,
    as_json: bool,
) -> int:
    """Say what makes the results of two trials differ, and how much.

    The parts in which they differ (code, environment, hyperparameters, seeds, inputs) are swapped from A to
    B, alone and together. Such hybrids are taken from the ledger, or run in a scratch directory and recorded.
    Each part's share of a metric's difference is its Shapley value: what it adds, averaged over all orders of
    the swaps.
    """
    options = WhyOptions(
        budget=budget,
        repeat=repeat,
        rerun=rerun,
        dry_run=dry_run,
        env=env,
        maps=tuple(map(common.mapped, maps)),
        timeout=timeout,
        experiment=experiment,
    )
    if experiment is not None:
        check_name(experiment, "experiment")
    workspace = common.opened(context, records=not dry_run)
    trials = query.load(workspace.journal)
    pair = [references.resolve(trials, each) for each in (a, b)]
    found = why(workspace, trials, pair[0], pair[1], options, progress=plain.say)
    for warning in found.warnings:
        plain.warn(warning)
    if as_json:
        common.emit(why_document(found))
    else:
        why_page(found).show()
    return 0 if found.answered else LedgerError.exit_code
