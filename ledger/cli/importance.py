"""The command ``ledger importance``."""

import click

from ledger.cli import common, selecting
from ledger.cli.importance_page import importance_page
from ledger.ops.importance import METHODS, PED_ANOVA, ImportanceOptions, importance
from ledger.ops.importance_document import importance_document
from ledger.ops.observations import Selection


@click.command(
    "importance",
    short_help="Say which hyperparameters matter.",
    epilog=common.ends(
        """ledger importance digits --maximize accuracy
        ledger importance digits --method fanova --pairs --local""",
        "0 ok, 1 an extra is missing, 2 usage, or the trials cannot tell, 3 there is no such experiment",
    ),
)
@selecting.selection
@selecting.objective
@click.option(
    "--method",
    type=click.Choice(METHODS),
    default=PED_ANOVA,
    show_default=True,
    help="What the best trials prefer; or an analysis of variance of a forest, with interactions"
    " (extra: forest).",
)
@click.option("--pairs", is_flag=True, help="Pairs of hyperparameters, too (fanova).")
@click.option("--local", is_flag=True, help="Close to the best trial, too (extra: forest).")
@click.option(
    "--quantile",
    metavar="SHARE",
    type=float,
    help="So many trials are the best [0.1, but at least 10 trials, or half of fewer than 20].",
)
@click.option(
    "--among", metavar="SHARE", type=float, default=1.0, help="Look for them among so many of the best [1]."
)
@click.option(
    "--against",
    metavar="METRIC",
    help="The training's metric to hold against, where its name does not say so.",
)
@click.option("--no-costs", is_flag=True, help="Leave out what duration_s and peak_memory depend on.")
@click.option("--seed", type=click.IntRange(min=0), default=0, help="Of all that is random [0].")
@common.as_json
@click.pass_context
def command(
    context: click.Context,
    experiment: str | None,
    where: str | None,
    minimize: str | None,
    maximize: str | None,
    method: str,
    pairs: bool,
    local: bool,
    quantile: float | None,
    among: float,
    against: str | None,
    no_costs: bool,
    seed: int,
    as_json: bool,
) -> None:
    """Say which hyperparameters of an experiment matter.

    For its metric, and for what it costs; and which ones make a training metric better and the same metric of
    unseen data worse. Metrics are matched by name, such as train_loss and val_loss.
    """
    found = importance(
        common.opened(context),
        Selection(experiment=experiment, where=where),
        minimize=minimize,
        maximize=maximize,
        options=ImportanceOptions(
            method=method,
            quantile=quantile,
            among=among,
            pairs=pairs,
            local=local,
            costs=not no_costs,
            against=against,
            seed=seed,
        ),
    )
    if as_json:
        common.emit(importance_document(found))
    else:
        importance_page(found).show()
