"""The command ``ledger report``."""

from pathlib import Path

import click

from ledger import fs
from ledger.cli import common, selecting
from ledger.cli.plain import say, warn
from ledger.errors import UsageError
from ledger.ops.output_file import output_file
from ledger.ops.text import count, line, size
from ledger.reports.forms import MOST_ROWS, Form, form_of, make


@click.command(
    "report",
    short_help="Write a report on trials: a page, Markdown, PDF, a table.",
    epilog=common.ends(
        """ledger report digits --maximize accuracy -o report.html
        ledger report sgd adam --format latex-table -n 5""",
        "0 ok, 1 an extra is missing, 2 usage, 3 there is no such trial or experiment, or no value",
    ),
)
@click.argument("refs", metavar="[REF]...", nargs=-1)
@click.option(
    "--where", metavar="EXPR", help="Only trials for which this holds: of the experiments named, or of all."
)
@selecting.objective
@click.option("-o", "--output", metavar="FILE", help="Where to; its end says the format, too.")
@click.option(
    "--format",
    "name",
    type=click.Choice([str(each) for each in Form]),
    help="The page; or for a README, a printer (extra: pdf), a paper, a program [by FILE's end; or html].",
)
@click.option(
    "-n",
    "--limit",
    metavar="N",
    type=click.IntRange(min=1),
    default=MOST_ROWS,
    help=f"Of each experiment, so many configurations; the page has all trials [{MOST_ROWS}].",
)
@common.as_json
@click.pass_context
def command(
    context: click.Context,
    refs: tuple[str, ...],
    where: str | None,
    minimize: str | None,
    maximize: str | None,
    output: str | None,
    name: str | None,
    limit: int,
    as_json: bool,
) -> None:
    """Write a report on trials, on experiments, or on what a filter selects.

    It says what was tried and of how many it is the best, or what the front of a search for several metrics
    is, shows curves, how the best came, seeds, importance, slices, what differs, replays, notes and what
    records lack, and how each trial is made again. The page is one file that opens from
    disk, asks for nothing, and holds proofs, which are checked with: ledger verify report.html

    The same ledger gives the same bytes. --json prints all of that as one document, the form report.v1.
    """
    if as_json and (output is not None or name not in (None, Form.JSON)):
        raise UsageError(
            "one document and another form at once",
            cause="--json prints the document, and takes neither --format nor -o",
            hint="into a file: ledger report REF --format json -o report.json",
        )
    form = Form.JSON if as_json else form_of(name, output)
    if output is None and form in (Form.HTML, Form.PDF):
        raise UsageError(
            "no file is named", cause=f"{form} is no text for a terminal", hint="add -o report.html"
        )
    target = None if output is None else output_file(Path(output), "report")
    made = make(
        common.opened(context),
        refs,
        form=form,
        where=where,
        minimize=minimize,
        maximize=maximize,
        most=limit,
    )
    if target is None:
        common.write(made.content)
        return
    fs.replace(target, made.content, sync=False)
    for each in made.report.focused:
        if form is Form.HTML and each.unproven is not None:
            warn(f"{each.trial.id.short} has no proof in it: {each.unproven}")
            break
    trials = count(len(made.report.chosen.trials), "trial")
    say(f"{line(str(output))}: {trials}, {size(len(made.content))}")
