"""The command ``ledger run``."""

import os
import sys

import click

from ledger import workspace as workspaces
from ledger.cli import common
from ledger.cli.text import count, duration, number, size
from ledger.errors import LedgerError, UsageError
from ledger.model import Outcome
from ledger.ops import options
from ledger.ops.names import check_name
from ledger.ops.run import RunOptions, RunResult, cannot_record, run

_METRICS = 3
"""Metrics in the line at the end."""


@click.command(
    "run",
    short_help="Run a command and record it as a trial.",
    context_settings={"allow_interspersed_args": False},
    options_metavar="[OPTIONS]",
    epilog=common.ends(
        """ledger run python train.py --lr 0.1
        ledger run -x digits --seed 7 -i data.csv -- python train.py --epochs 20""",
        "the command's own, 128+n if signal n ended it; before it starts: 2 usage, 125 it cannot be recorded;"
        " 126 the command is not executable, 127 it is not found",
    ),
)
@click.option("--name", metavar="NAME", help="A name for the trial; a repeated one means its newest trial.")
@click.option("-x", "--experiment", metavar="NAME", help="The set of trials it belongs to.")
@click.option("-m", "--message", metavar="TEXT", help="Why it is run.")
@click.option("-t", "--tag", "tags", metavar="NAME", multiple=True, help="A tag; may be repeated.")
@click.option(
    "-i",
    "--input",
    "inputs",
    metavar="PATH",
    multiple=True,
    help="A file or directory that it reads; - is stdin.",
)
@click.option(
    "-o", "--output", "outputs", metavar="PATH", multiple=True, help="A file or directory that it writes."
)
@click.option(
    "-p", "--param", "parameters", metavar="NAME=VALUE", multiple=True, help="A hyperparameter to record."
)
@click.option("--seed", metavar="N", help="Seed every generator that the command loads.")
@click.option("--isolate", is_flag=True, help="Run in a scratch copy of the tree.")
@click.option("--enforce-clean", is_flag=True, help="Refuse if the code differs from its commit.")
@click.option("--reuse", is_flag=True, help="Do not run again what ran well and whose inputs are the same.")
@click.option("-q", "--quiet", is_flag=True, help="Say nothing at the end; warnings are still printed.")
@click.argument("words", metavar="[--] COMMAND [ARGUMENTS]...", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def command(
    context: click.Context,
    name: str | None,
    experiment: str | None,
    message: str | None,
    tags: tuple[str, ...],
    inputs: tuple[str, ...],
    outputs: tuple[str, ...],
    parameters: tuple[str, ...],
    seed: str | None,
    isolate: bool,
    enforce_clean: bool,
    reuse: bool,
    quiet: bool,
    words: tuple[str, ...],
) -> int:
    """Run a command and record it as a trial.

    Everything after the first word that is no option is the command, untouched. It sees your terminal, your
    standard input and your variables; what it prints goes where it always went.
    """
    if not words:
        raise UsageError(
            "no command to run",
            cause="expected a program and its arguments after the options",
            hint="ledger run python train.py",
        )
    for given, what in ((name, "name"), (experiment, "experiment"), *((each, "tag") for each in tags)):
        if given is not None:
            check_name(given, what)
    chosen = RunOptions(
        name=name,
        experiment=experiment,
        message=message,
        tags=tags,
        inputs=inputs,
        outputs=outputs,
        parameters=options.parameters(parameters),
        seed=options.seed(seed),
        isolate=isolate,
        enforce_clean=enforce_clean,
        reuse=reuse,
    )
    try:
        workspace, _ = workspaces.find_or_make(common.directory(), context.obj)
    except (LedgerError, OSError) as error:
        raise cannot_record(error) from error
    result = run(workspace, words, chosen, notify=common.warn)
    # Inside another trial this line would be part of what that one prints.
    if not quiet and "LEDGER_TRIAL" not in os.environ:
        click.echo(_line(result), err=True)
    return result.exit_code


def _line(result: RunResult) -> str:
    """What came of it, in one line."""
    short = result.trial.short
    facts = [_end(result, result.outcome)]
    if result.outcome:
        if result.outcome.outputs:
            written = sum(each.size for each in result.outcome.outputs)
            facts.append(f"{count(len(result.outcome.outputs), 'output')} ({size(written)})")
        facts += [f"{each.name} {number(each.last)}" for each in result.outcome.metrics[:_METRICS]]
        facts.append(f"replay it: ledger replay {short}")
    separator = " · " if "utf" in (sys.stderr.encoding or "").lower() else " - "
    return f"ledger: trial {short} {separator.join(facts)}"


def _end(result: RunResult, outcome: Outcome | None) -> str:
    if result.reused:
        return "stands in: the same was run already, and its inputs are the same"
    if outcome is None:
        return f"ended with exit code {result.exit_code}, and its end was not recorded"
    code = f" (exit code {result.exit_code})" if result.exit_code else ""
    return f"{outcome.status}{code} in {duration(outcome.duration_s)}"
