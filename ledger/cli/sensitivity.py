"""The command ``ledger sensitivity``."""

from typing import Any

import click

from ledger.cli import across_options, common
from ledger.cli.across_page import sensitivity_page
from ledger.ops.tunability import sensitivity, sensitivity_document


@click.command(
    "sensitivity",
    short_help="Show how much a method depends on being tuned.",
    epilog=common.ends(
        """ledger sensitivity cartpole pendulum acrobot --maximize return
        ledger sensitivity agents --by environment --maximize return""",
        "0 ok, 2 usage, 3 there is no such experiment, 5 too little was tried in all environments",
    ),
)
@across_options.options
@common.as_json
@click.pass_context
def command(context: click.Context, /, as_json: bool, **given: Any) -> None:
    """Show how much a method loses with one configuration for all environments, or data sets.

    Scores are scaled so that the 5th and the 95th percentile of the configurations are 0 and 1 in each of
    them. The effective dimension is how few hyperparameters have to be tuned to each of them.
    """
    found = sensitivity(common.opened(context), across_options.question(given))
    if as_json:
        common.emit(sensitivity_document(found))
    else:
        sensitivity_page(found).show()
