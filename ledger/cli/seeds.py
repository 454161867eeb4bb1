"""The command ``ledger seeds``."""

from collections.abc import Callable

import click

from ledger.cli import common
from ledger.cli.plain import say, warn
from ledger.cli.seeds_page import seeds_page
from ledger.errors import LedgerError, UsageError
from ledger.model.space import Objective
from ledger.ops import options, query, references
from ledger.ops.reruns import Had
from ledger.ops.seed_sources import ALL
from ledger.ops.seeds import SeedOptions, seeds, value_of
from ledger.ops.seeds_document import seeds_document
from ledger.ops.text import number
from ledger.ops.why_hybrids import How

INTERRUPTED = 130


@click.command(
    "seeds",
    short_help="Run a trial again with new seeds, and show how its result spreads.",
    epilog=common.ends(
        """ledger seeds @ -n 20 -j 2 --maximize accuracy
        ledger seeds @ --vary data,init --difference 0.01""",
        "0 ok, 1 no rerun ended well, 2 usage, 3 there is no such trial, 5 it cannot be made again here,"
        " 130 interrupted: the same command goes on",
    ),
)
@click.argument("ref")
@click.argument("words", metavar="[-- COMMAND with {seed}]", nargs=-1, type=click.UNPROCESSED)
@click.option("-n", "count", metavar="N", type=click.IntRange(min=1), default=20, help="Seeds [20].")
@click.option("-j", "--jobs", metavar="N", type=click.IntRange(min=1), default=1, help="Trials at once [1].")
@click.option("--minimize", metavar="METRIC", help="Only this metric, which should be small.")
@click.option("--maximize", metavar="METRIC", help="Only this metric, which should be large.")
@click.option(
    "--vary",
    metavar="SOURCE,…",
    default=ALL,
    show_default=True,
    help="all at once; main, a name that the script gives ledger.seed, or a seed of the command line alone;"
    " each: all at once, then each alone.",
)
@click.option(
    "--difference",
    "differences",
    metavar="D",
    type=float,
    multiple=True,
    help="How many seeds does this difference need? May be repeated [0.5, 1 and 2 standard deviations].",
)
@click.option("--seed", metavar="N", help="From which the seeds are drawn [0].")
@common.experiment("Put the reruns into this experiment [seeds/ID].")
@common.environment_of_reruns
@common.maps
@common.timeout("End a rerun then.")
@common.dry_run
@common.quiet
@common.as_json
@click.pass_context
def command(
    context: click.Context,
    ref: str,
    words: tuple[str, ...],
    count: int,
    jobs: int,
    minimize: str | None,
    maximize: str | None,
    vary: str,
    differences: tuple[float, ...],
    seed: str | None,
    experiment: str | None,
    env: str,
    maps: tuple[str, ...],
    timeout: float | None,
    dry_run: bool,
    quiet: bool,
    as_json: bool,
) -> int:
    """Run a trial again with new seeds, and show how its result spreads over them.

    Every rerun is a trial of the ledger, in a scratch copy of what the trial was made of; what is there
    already is not run again: the same command goes on where it was stopped, a larger -n adds to it. A seed
    on the command line is replaced; else, or where the script calls ledger.seed, it is enforced as by ledger
    run --seed. A COMMAND with {seed} says where it belongs.
    """
    if minimize is not None and maximize is not None:
        raise UsageError("one metric is needed", cause="both --minimize and --maximize are given")
    metric = minimize if minimize is not None else maximize
    objective = None if metric is None else Objective(metric=metric, maximize=maximize is not None)
    chosen = SeedOptions(
        count=count,
        seed=options.seed(seed) or 0,
        vary=tuple(each.strip() for each in vary.split(",") if each.strip()),
        objective=objective,
        differences=differences,
        experiment=experiment,
        command=words,
        env=env,
        maps=tuple(map(common.mapped, maps)),
        timeout=timeout,
        jobs=jobs,
        dry_run=dry_run,
    )
    workspace = common.opened(context, records=not dry_run)
    trial = references.resolve(query.load(workspace.journal), ref)
    tell = silent if quiet else teller(metric)
    found = seeds(workspace, trial, chosen, tell=tell, notify=warn)
    for warning in found.warnings:
        warn(warning)
    if as_json:
        common.emit(seeds_document(found))
    else:
        seeds_page(found).show()
    if found.interrupted:
        return INTERRUPTED
    good = any(each.good for group in found.groups for each in group.runs)
    return 0 if good or found.planned else LedgerError.exit_code


def teller(metric: str | None) -> Callable[[Had, int, int], None]:
    """What tells of each trial that was run, in a line, with its value of a metric."""

    def tell(had: Had, done: int, of: int) -> None:
        if had.how is How.REUSED:
            return
        own = [] if had.trial is None else [had.trial.id.short]
        if had.reason is not None:
            own.append(f"failed: {had.reason}")
        elif had.trial is not None:
            value = None if metric is None else value_of(had.trial, metric)
            own.append(had.wanted.message.partition(" with ")[2] or had.wanted.message)
            own += [] if value is None else [f"{metric} {number(value)}"]
        say(f"{done}/{of} · {' · '.join(own)}")

    return tell


def silent(_had: Had, _done: int, _of: int) -> None:
    """Tell nothing."""
