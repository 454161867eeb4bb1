"""The command ``ledger tunability``."""

from typing import Any

import click

from ledger.cli import across_options, common
from ledger.cli.across_page import tunability_page
from ledger.ops.tunability import tunability, tunability_document


@click.command(
    "tunability",
    short_help="Show what tuning to each data set gains.",
    epilog=common.ends(
        """ledger tunability digits letters faces --minimize val_error
        ledger tunability forests --by data --minimize val_loss --log""",
        "0 ok, 2 usage, 3 there is no such experiment, 5 too little was tried on all data sets",
    ),
)
@across_options.options
@click.option("--pairs", is_flag=True, help="Two hyperparameters at a time, too.")
@common.as_json
@click.pass_context
def command(context: click.Context, /, pairs: bool, as_json: bool, **given: Any) -> None:
    """Show what is gained where hyperparameters are tuned to each data set, rather than left at one default.

    An experiment X is a data set; or its trials are told apart by a hyperparameter. Compared are the
    configurations that were tried on all of them. The defaults are the one that is best on average; the gain
    of a hyperparameter is what the best configuration gains that differs from them in it alone.
    """
    found = tunability(common.opened(context), across_options.question(given))
    if as_json:
        common.emit(tunability_document(found))
    else:
        tunability_page(found, pairs=pairs).show()
