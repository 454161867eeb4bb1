"""Options that say which trials an analysis is about, and which metric."""

from collections.abc import Callable
from typing import Any, TypeVar

import click

Function = TypeVar("Function", bound=Callable[..., Any])


def selection(function: Function) -> Function:
    """The argument ``EXPERIMENT`` and the option ``--where``."""
    function = click.option(
        "--where", metavar="EXPR", help="Only trials for which this holds, such as 'lr >= 0.1'."
    )(function)
    return click.argument("experiment", required=False)(function)


def objective(function: Function) -> Function:
    """The options ``--minimize`` and ``--maximize``."""
    function = click.option("--maximize", metavar="METRIC", help="The larger its last value, the better.")(
        function
    )
    return click.option(
        "--minimize",
        metavar="METRIC",
        help="The smaller its last value, the better [what the experiment was tuned for].",
    )(function)
