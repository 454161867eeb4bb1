"""The command ``ledger tune``."""

import click

from ledger.cli import common
from ledger.cli.plain import directory
from ledger.cli.tune_page import tune_page
from ledger.errors import LedgerError, UsageError
from ledger.model.frozen import replace
from ledger.model.space import Objective
from ledger.ops import options
from ledger.ops.tune import engines as tune_engines
from ledger.ops.tune import space as tune_space
from ledger.ops.tune.beginning import Wanted
from ledger.ops.tune.document import tune_document
from ledger.ops.tune.loop import Tuned, TuneOptions, tune

INTERRUPTED = 130


@click.command(
    "tune",
    short_help="Search for the best hyperparameters of a command.",
    context_settings={"allow_interspersed_args": False},
    options_metavar="[OPTIONS]",
    epilog=common.ends(
        """ledger tune -x net --minimize loss -n 50 -p 'lr=log(1e-5, 1)' -- fit {lr}
        ledger tune -x digits -n 80 -j 2""",
        "0 ok, 1 no trial ended well, 2 usage, 4 another search has begun by that name, or no trial has the"
        " metric, 125 a trial cannot be recorded, 130 interrupted: the same command goes on",
    ),
)
@common.experiment("The experiment; one that has begun goes on.")
@click.option("--minimize", metavar="METRIC", multiple=True, help="A metric to make small; may be repeated.")
@click.option("--maximize", metavar="METRIC", multiple=True, help="A metric to make large; may be repeated.")
@click.option("-n", "executions", metavar="N", type=click.IntRange(min=1), help="Trials in all.")
@click.option("-j", "--jobs", metavar="N", type=click.IntRange(min=1), default=1, help="Trials at once [1].")
@click.option("-p", "--param", "definitions", metavar="NAME=DOMAIN", multiple=True, help="What to search.")
@click.option(
    "--constraint", "constraints", metavar="EXPR", multiple=True, help="What must hold between parameters."
)
@click.option("--space", "file", metavar="FILE", help="A file that defines what to search (TOML).")
@click.option("--require", "requirements", metavar="EXPR", multiple=True, help="What an outcome has to meet.")
@click.option("--sampler", metavar="NAME", help="How to search [auto].")
@click.option("--scheduler", metavar="NAME", help="What stops trials early: asha, hyperband or median.")
@click.option(
    "--checkpoint",
    "checkpoints",
    metavar="PATH",
    multiple=True,
    help="What a stopped trial leaves, to go on from later.",
)
@click.option("--seed", metavar="N", help="Seeds the search, and every generator of each trial.")
@click.option(
    "--seeds", metavar="K", type=click.IntRange(min=1), help="Try what may be the best with up to K seeds."
)
@click.option("--enqueue", "queue", metavar="NAME=VALUE,…", multiple=True, help="Values to try first.")
@click.option("--from", "earlier", metavar="NAME", multiple=True, help="Learn from an experiment's trials.")
@click.option("--fork", is_flag=True, help="Begin a new search that goes on from the one of that name.")
@click.option("--timeout", metavar="S", type=click.FloatRange(min=0), help="Begin no trial after so long.")
@click.option(
    "--stop-after", metavar="N", type=click.IntRange(min=1), help="Stop after so many without a better one."
)
@click.option("--target", metavar="VALUE", type=float, help="Stop as soon as the objective is that good.")
@click.option(
    "--trial-timeout", metavar="S", type=click.FloatRange(min=0, min_open=True), help="End a trial then."
)
@click.option(
    "--engine", type=click.Choice(tune_engines.NAMES), default="local", help="Where trials run [local]."
)
@click.option("--scheduler-address", metavar="ADDRESS", help="The scheduler of a Dask cluster.")
@click.option("--slurm", "slurm", metavar="KEY=VALUE", multiple=True, help="A setting of Slurm's jobs.")
@click.option("-i", "--input", "inputs", metavar="PATH", multiple=True, help="An input of each trial.")
@click.option("-o", "--output", "outputs", metavar="PATH", multiple=True, help="An output of each trial.")
@click.option("--no-trace", is_flag=True, help="Do not let the kernel tell which files are opened.")
@common.quiet
@common.as_json
@click.argument("words", metavar="[--] COMMAND [ARGUMENTS]...", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def command(
    context: click.Context,
    experiment: str | None,
    minimize: tuple[str, ...],
    maximize: tuple[str, ...],
    executions: int | None,
    jobs: int,
    definitions: tuple[str, ...],
    constraints: tuple[str, ...],
    file: str | None,
    requirements: tuple[str, ...],
    sampler: str | None,
    scheduler: str | None,
    checkpoints: tuple[str, ...],
    seed: str | None,
    seeds: int | None,
    queue: tuple[str, ...],
    earlier: tuple[str, ...],
    fork: bool,
    timeout: float | None,
    stop_after: int | None,
    target: float | None,
    trial_timeout: float | None,
    engine: str,
    scheduler_address: str | None,
    slurm: tuple[str, ...],
    inputs: tuple[str, ...],
    outputs: tuple[str, ...],
    no_trace: bool,
    quiet: bool,
    as_json: bool,
    words: tuple[str, ...],
) -> int:
    """Search for the hyperparameters with which a command does best.

    Each trial is a run of COMMAND in a copy of the tree as it was when the search began, with {name} as the
    value that is tried; its metrics are those of its record.

    With --scheduler asha --checkpoint model.pt, a trial that was stopped goes on later if it is among the
    best by then: in a new trial that finds model.pt (a file, a directory, or a pattern) where the stopped one
    had left it. It is for COMMAND to begin from there. --scheduler asha:promote=1 without a checkpoint trains
    it again from the beginning.

    With --seeds 5 --scheduler asha, the scheduler compares and stops the first trial of each configuration,
    which all have the same seed. Further trials of what may be the best run to their end, and a configuration
    that was stopped is never the best.

    With --engine dask, the cluster's workers run them, each in its own environment, such as the GPU that it
    was given; with --engine slurm, jobs do (--slurm time=MINUTES, --slurm partition=NAME). They see the
    ledger where it is a remote (ledger --ledger URL tune), or on a shared disk.

    Ctrl-C ends the trials that run, and once more kills them. The same command goes on, and runs them again.
    """
    from ledger.cli.tune_progress import progress  # of no use to the help

    if experiment is None:
        raise UsageError("a search needs a name", cause="-x NAME is missing", hint="ledger tune -x digits …")
    here = directory()
    space = tune_space.read(definitions, constraints, None if file is None else here / file)
    wanted = Wanted(
        name=experiment,
        command=words,
        space=space,
        objectives=(
            *(Objective(metric=each) for each in minimize),
            *(Objective(metric=each, maximize=True) for each in maximize),
        ),
        requirements=requirements,
        sampler=sampler,
        scheduler=scheduler,
        seed=options.seed(seed),
        inputs=inputs,
        outputs=outputs,
        checkpoints=checkpoints,
        trial_timeout=trial_timeout,
        seeds=seeds,
    )
    chosen = TuneOptions(
        executions=executions,
        timeout=timeout,
        stop_after=stop_after,
        target=target,
        jobs=jobs,
        queue=tuple(map(tune_space.pairs, queue)),
        earlier=earlier,
        fork=fork,
        trace=not no_trace,
    )
    workspace = common.opened(context, make=True, records=True)
    with (
        tune_engines.engine(engine, scheduler_address, _settings(slurm)) as executor,
        progress(chosen, quiet=quiet) as shown,
    ):
        chosen = replace(chosen, executor=executor)
        tuned = tune(workspace, wanted, chosen, directory=here, tell=shown.tell, notify=shown.notify)
    if as_json:
        common.emit(tune_document(tuned))
    else:
        tune_page(tuned).show()
    return _code(tuned)


def _settings(texts: tuple[str, ...]) -> dict[str, str]:
    found = {}
    for text in texts:
        key, equals, value = text.partition("=")
        if not (key.isidentifier() and equals and value):
            raise UsageError(
                "a bad setting of Slurm",
                cause=f"--slurm: expected KEY=VALUE, got {text!r}",
                hint="--slurm time=120 --slurm partition=gpu --slurm gpus_per_node=1",
            )
        found[key] = value
    return found


def _code(tuned: Tuned) -> int:
    if tuned.interrupted:
        return INTERRUPTED
    return 0 if tuned.standing.best else LedgerError.exit_code
