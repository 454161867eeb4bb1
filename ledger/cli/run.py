"""The command ``ledger run``, as click knows it."""

from collections.abc import Callable
from typing import Any

import click

from ledger.cli import common
from ledger.cli.run_words import OPTIONS


def _options(function: Callable[..., int]) -> Callable[..., int]:
    for name, option in reversed(OPTIONS.items()):
        function = click.option(
            *option.words,
            name,
            metavar=option.metavar,
            multiple=option.many,
            is_flag=option.metavar is None or None,  # False would make the value optional
            help=option.help,
        )(function)
    return function


@click.command(
    "run",
    short_help="Run a command and record it as a trial.",
    context_settings={"allow_interspersed_args": False},
    options_metavar="[OPTIONS]",
    epilog=common.ends(
        """ledger run python train.py --lr 0.1
        ledger run -x digits --seed 7 -- python train.py --epochs 20""",
        "the command's own, 128+n if signal n ended it; before it starts: 2 usage, 125 it cannot be recorded;"
        " 126 the command is not executable, 127 it is not found",
    ),
)
@_options
@click.argument("words", metavar="[--] COMMAND [ARGUMENTS]...", nargs=-1, type=click.UNPROCESSED)
@click.pass_context
def command(context: click.Context, /, **given: Any) -> int:
    """Run a command and record it as a trial.

    Everything after the first word that is no option is the command, untouched. It sees your terminal, your
    standard input and your variables; what it prints goes where it always went. The files that it and what
    it starts read and write are found, as are its hyperparameters, seeds and metrics.
    """
    from ledger.cli.running import start  # of no use to its help

    return start(context.obj, given)
