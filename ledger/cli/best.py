"""The command ``ledger best``."""

from math import isfinite

import click

from ledger.cli import common
from ledger.cli.page import Page
from ledger.errors import UsageError
from ledger.model import HyperparameterRole
from ledger.ops.best import Best, best
from ledger.ops.denominator import counted_words
from ledger.ops.observations import Selection, objective
from ledger.ops.result_documents import best_document
from ledger.ops.text import count, exact, line, number


@click.command(
    "best",
    short_help="Show the best trials of an experiment, and of how many.",
    epilog=common.ends(
        """ledger best digits --maximize accuracy
        ledger best digits --minimize val_loss -n 5 --json""",
        "0 ok, 2 usage, 3 there is no such experiment, or no value",
    ),
)
@click.argument("experiment", required=False)
@click.option("-x", "--experiment", "option", metavar="NAME", help="Of this experiment; the same.")
@click.option("--minimize", metavar="METRIC", help="The smallest last value is the best.")
@click.option("--maximize", metavar="METRIC", help="The largest last value is the best.")
@click.option("-n", "--limit", metavar="N", type=click.IntRange(min=1), default=1, help="So many [1].")
@common.as_json
@click.pass_context
def command(
    context: click.Context,
    experiment: str | None,
    option: str | None,
    minimize: str | None,
    maximize: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """Show the best trials that ended well, and of how many they are the best.

    Of a search for this metric they are trials that meet what it requires.

    Where configurations were tried with several seeds, they are configurations, by their estimated mean, each
    with its first trial: a mean is drawn to those of the others by as much as it is uncertain.

    Counted are all that were started, whatever came of them, those that were taken back among them; in the
    ledger as it is now, and in the largest head that is signed.
    """
    if experiment is not None and option not in (None, experiment):
        raise UsageError("two experiments", cause=f"got {experiment} and -x {option}", hint="leave out one")
    experiment = experiment or option
    workspace = common.opened(context)
    if experiment is None:
        raise UsageError(
            "an experiment is needed", cause="expected NAME", hint="ledger best digits --maximize accuracy"
        )
    wanted = objective(workspace, Selection(experiment=experiment), minimize=minimize, maximize=maximize)
    found = best(workspace, experiment, wanted.metric, maximize=wanted.maximize, count=limit)
    if as_json:
        common.emit(best_document(found, workspace.store))
    else:
        _page(found).show()


def _means(found: Best) -> list[tuple[str, ...]]:
    """Mean, interval and number of seeds of each, where configurations have several."""
    if not found.believed:
        return [()] * len(found.ranked)
    from ledger.cli.tune_page import believed  # of no use to other experiments

    return [believed(each) for each in found.believed]


def _measured(found: Best) -> str:
    """Of how many trials and configurations it is the best."""
    return f"{count(found.measured, 'trial')} of {count(found.configurations, 'configuration')}"


def _held(found: Best) -> str | None:
    """How often such an interval holds the truth, where it was measured: of few seeds."""
    from ledger.analysis import best_coverage  # of no use to other experiments

    best = found.believed[0]
    held = best_coverage.measured(best.seeds) if isfinite(best.low) and not found.raced else None
    if held is None:
        return None
    low, high = (f"{100 * each:.0f}" for each in held)
    said = f"of simulated experiments with {best.seeds} seeds"
    return f"{said}, {low} to {high} % of the intervals of the best held the truth"


def _page(found: Best) -> Page:
    page = Page()
    names = list(
        dict.fromkeys(
            each.name
            for trial in found.ranked
            for each in trial.hyperparameters
            if each.role is not HyperparameterRole.SEED
        )
    )
    header = (
        "id",
        "name",
        line(found.metric),
        *(("mean", "95%", "seeds") if found.believed else ()),
        *map(line, names),
    )
    page.table(
        header,
        [
            (
                (trial.id.short, "yellow"),
                line(trial.name or ""),
                number(value),
                *believed,
                *(values.get(name, "") for name in names),
            )
            for trial, value, believed in zip(found.ranked, found.values, _means(found), strict=True)
            for values in [{each.name: exact(each.value) for each in trial.hyperparameters}]
        ],
        drop=reversed(range(len(header) - len(names), len(header))),
    )
    if found.believed and found.configurations > 1:
        page.line(("  a mean is drawn to those of the others by as much as it is uncertain", "dim"))
        if (told := _held(found)) is not None:
            page.line((f"  {told}", "dim"))
    page.pairs([("best of", counted_words(found.now)), ("with a value", _measured(found))])
    if found.optimistic:
        told = f"the best of {found.measured} single runs is optimistic where seeds matter"
        page.line((f"{told}: ledger seeds {found.ranked[0].id.short} tells its mean", "yellow"))
    if found.signed is not None and found.counted is not None:
        page.pairs([(f"in the signed head {found.signed.digest.short}", counted_words(found.counted))])
    else:
        page.line(("no head is signed: ledger verify --sign binds how many there are", "dim"))
    return page
