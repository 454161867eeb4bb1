"""The command ``ledger robustness``."""

import click

from ledger.analysis.neighbours import FRACTION
from ledger.cli import common, selecting
from ledger.cli.plain import warn
from ledger.cli.robustness_page import robustness_page
from ledger.cli.seeds import INTERRUPTED, silent, teller
from ledger.ops import options
from ledger.ops.observations import Selection
from ledger.ops.robustness import RobustnessOptions, examine
from ledger.ops.robustness_document import robustness_document


@click.command(
    "robustness",
    short_help="Say how much a result moves with seeds and small changes.",
    epilog=common.ends(
        """ledger robustness digits --maximize accuracy --group library
        ledger robustness digits --run -n 8 --seeds 3 -j 2""",
        "0 ok, 2 usage, 3 there is no such experiment, 5 a trial cannot be made again here, 130 interrupted:"
        " the same command goes on",
    ),
)
@selecting.selection
@selecting.objective
@click.option("--around", metavar="REF", help="Only small changes of this trial.")
@click.option(
    "--group", metavar="NAME", help="Compare groups: a hyperparameter, tag, environment, or another field."
)
@click.option(
    "--fraction",
    metavar="SHARE",
    type=float,
    default=FRACTION,
    show_default=True,
    help="A small change, of a domain or of the value.",
)
@click.option("--run", "run", is_flag=True, help="Run small changes of that trial, or of the best one.")
@click.option(
    "-n", "joint", metavar="N", type=click.IntRange(min=0), default=8, help="Changes of several at once [8]."
)
@click.option(
    "--seeds", metavar="K", type=click.IntRange(min=0), default=0, help="Run each with K seeds [its own one]."
)
@click.option("-j", "--jobs", metavar="N", type=click.IntRange(min=1), default=1, help="Trials at once [1].")
@click.option("--seed", metavar="N", help="From which changes and seeds are drawn [0].")
@click.option("-x", "--experiment", "option", metavar="NAME", help="Put what is run there [robustness/ID].")
@common.environment_of_reruns
@common.timeout("End a trial then.")
@common.dry_run
@common.quiet
@common.as_json
@click.pass_context
def command(
    context: click.Context,
    experiment: str | None,
    where: str | None,
    minimize: str | None,
    maximize: str | None,
    around: str | None,
    group: str | None,
    fraction: float,
    run: bool,
    joint: int,
    seeds: int,
    jobs: int,
    seed: str | None,
    option: str | None,
    env: str,
    timeout: float | None,
    dry_run: bool,
    quiet: bool,
    as_json: bool,
) -> int:
    """Say how much a result moves: with seeds, with small changes of hyperparameters, and between groups.

    It looks at the trials that there are. With --run, those that are missing are run around one trial: each
    number on its command line a little lower and higher, and several at once. What is there already is not
    run again. Options of what is run, such as --seeds, need --run. A profile is the share of runs that are
    better than a threshold, for each threshold.
    """
    found = examine(
        common.opened(context, records=run and not dry_run),
        Selection(experiment=experiment, where=where),
        RobustnessOptions(
            minimize=minimize,
            maximize=maximize,
            fraction=fraction,
            around=around,
            group=group,
            run=run,
            joint=joint,
            seeds=seeds,
            seed=options.seed(seed) or 0,
            experiment=option,
            env=env,
            timeout=timeout,
            jobs=jobs,
            dry_run=dry_run,
        ),
        tell=silent if quiet else teller(minimize or maximize),
        notify=warn,
    )
    for warning in found.warnings:
        warn(warning)
    if as_json:
        common.emit(robustness_document(found))
    else:
        robustness_page(found).show()
    return INTERRUPTED if found.interrupted else 0
