"""The command ``ledger ablation``."""

import click

from ledger.cli import common, plain, selecting
from ledger.cli.ablation_page import ablation_page
from ledger.ops.ablation import BEST, DEFAULT, AblationOptions, ablation
from ledger.ops.ablation_document import ablation_document
from ledger.ops.observations import Selection


@click.command(
    "ablation",
    short_help="Go from the default to the best, the most useful step first.",
    epilog=common.ends(
        """ledger ablation digits
        ledger ablation digits --maximize accuracy --from baseline --run""",
        "0 ok, 1 an extra is missing, 2 usage, or the trials cannot tell,"
        " 3 there is no such experiment or trial",
    ),
)
@selecting.selection
@selecting.objective
@click.option("--from", "start", metavar="REF", default=DEFAULT, help="Where to begin [default].")
@click.option("--to", "end", metavar="REF", default=BEST, help="Where to end [best, by its mean].")
@click.option(
    "--run",
    is_flag=True,
    help="Run what no trial had in scratch copies, and record it, rather than predict it.",
)
@common.environment("For --run: make the recorded environment again, or use today's.")
@common.timeout("For --run: end a command after so long.")
@click.option("--seed", type=click.IntRange(min=0), default=0, help="Of the forest that predicts [0].")
@common.as_json
@click.pass_context
def command(
    context: click.Context,
    experiment: str | None,
    where: str | None,
    minimize: str | None,
    maximize: str | None,
    start: str,
    end: str,
    run: bool,
    env: str,
    timeout: float | None,
    seed: int,
    as_json: bool,
) -> None:
    """Go from the default to the best, the most useful step first.

    Each step takes over the hyperparameter that gains most then; one that another gives a value goes with it.
    What was tried is taken from the trials; what was not is predicted by a forest (extra: forest), or run.
    Runs are recorded in the experiment NAME-ablation.
    """
    found = ablation(
        common.opened(context, records=run),
        Selection(experiment=experiment, where=where),
        minimize=minimize,
        maximize=maximize,
        options=AblationOptions(start=start, end=end, run=run, env=env, timeout=timeout, seed=seed),
        progress=plain.say,
    )
    if as_json:
        common.emit(ablation_document(found))
    else:
        ablation_page(found).show()
