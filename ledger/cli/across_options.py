"""The options of commands about one method on several data sets."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

from ledger.ops.across import FOREST, MEASURED, DataSets

Function = TypeVar("Function", bound=Callable[..., Any])

_OPTIONS = (
    click.argument("experiments", nargs=-1, metavar="[X]..."),
    click.option("--by", metavar="NAME", help="A hyperparameter whose values are the data sets."),
    click.option("--where", metavar="EXPR", help="Only these trials."),
    click.option("--ignore", metavar="NAME", multiple=True, help="It tells no configurations apart."),
    click.option("--minimize", metavar="METRIC", help="The smaller, the better."),
    click.option("--maximize", metavar="METRIC", help="The larger, the better."),
    click.option(
        "--method",
        type=click.Choice([MEASURED, FOREST]),
        help="Compare what was tried on all of them, or let a forest of each say what was not [the first,"
        " where each hyperparameter was tried alone].",
    ),
    click.option("--log", is_flag=True, help="Its logarithm counts: ratios."),
)


def options(function: Function) -> Function:
    """Add them to a command, which takes them as `question` does."""
    for each in reversed(_OPTIONS):
        function = each(function)
    return function


def question(given: dict[str, Any]) -> DataSets:
    """What they ask for."""
    return DataSets(**{**given, "experiments": tuple(given["experiments"]), "ignore": tuple(given["ignore"])})
