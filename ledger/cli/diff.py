"""The command ``ledger diff``."""

from collections.abc import Sequence

import click

from ledger.cli import common
from ledger.cli.diff_page import diff_page
from ledger.cli.notes_page import notes as notes_page
from ledger.errors import MismatchError, UsageError
from ledger.model import Digest
from ledger.ops import diff, diff_code, experiments, note_subject, query, references
from ledger.ops.diff import Compared
from ledger.ops.differences import SECTIONS
from ledger.ops.experiments import Asked
from ledger.ops.note_documents import notes_document
from ledger.ops.observations import Selection
from ledger.ops.remarks import Remark
from ledger.ops.result_documents import diff_document
from ledger.ops.trials import Trials
from ledger.workspace import Workspace


@click.command(
    "diff",
    short_help="Show what differs between two trials or experiments.",
    epilog=common.ends(
        """ledger diff baseline @ --code --exit-code
        ledger diff sgd adam --maximize accuracy""",
        "0 ok, 2 usage, 3 there is no such trial, 4 they differ in what counts (only with --exit-code)",
    ),
)
@click.argument("names", metavar="[A] [B] [C]...", nargs=-1)
@click.option(
    "--where",
    metavar="EXPR",
    multiple=True,
    help="Only trials for which this holds, such as 'opt = sgd': once for all sides, or once for each.",
)
@click.option("--minimize", metavar="METRIC", help="Experiments: less of this metric is better.")
@click.option("--maximize", metavar="METRIC", help="Experiments: more of this metric is better.")
@click.option(
    "--ignore",
    metavar="NAME",
    multiple=True,
    help="Experiments: a hyperparameter that tells no configurations apart, such as an output path.",
)
@click.option("--verdict", "picked", flag_value="verdict", multiple=True, help="Status and exit code.")
@click.option(
    "--hyperparameters", "picked", flag_value="hyperparameters", multiple=True, help="Hyperparameters."
)
@click.option("--seeds", "picked", flag_value="seeds", multiple=True, help="Seeds and seeded generators.")
@click.option(
    "--code", "picked", flag_value="code", multiple=True, help="Code, with a unified diff of its text."
)
@click.option("--env", "picked", flag_value="environment", multiple=True, help="Environment and host.")
@click.option("--inputs", "picked", flag_value="inputs", multiple=True, help="Inputs.")
@click.option("--metrics", "picked", flag_value="metrics", multiple=True, help="Metrics.")
@click.option("--outputs", "picked", flag_value="outputs", multiple=True, help="Outputs.")
@click.option("--stat", is_flag=True, help="Code, with the number of lines of each file.")
@click.option("--exit-code", is_flag=True, help="Exit with 4 if something that counts differs.")
@common.as_json
@click.pass_context
def command(
    context: click.Context,
    names: tuple[str, ...],
    where: tuple[str, ...],
    minimize: str | None,
    maximize: str | None,
    ignore: tuple[str, ...],
    picked: tuple[str, ...],
    stat: bool,
    exit_code: bool,
    as_json: bool,
) -> int:
    """Show what differs between two trials, or between experiments if all names mean one.

    Of experiments, or of what filters select, it says whether one is better, and whether that is more than
    noise; three or more are a table. Configurations are paired without their seeds, and without what never
    varies on a side. The metric is that of --minimize or --maximize, else what they were tuned for, else all
    that all have.

    Without a choice, all sections are shown. Sections that are not chosen do not count for --exit-code.
    """
    workspace = common.opened(context)
    asked = Asked(minimize=minimize, maximize=maximize, ignore=ignore)
    chosen = [name for name in SECTIONS if name in picked or (stat and name == "code")]
    if len(names) == 2 and not where:
        trials = query.load(workspace.journal)
        timing = workspace.config.replay.timing
        compared = diff.compare(trials, *names, workspace.store, timing=timing, asked=asked)
    else:
        sides = experiments.sides(names, where)
        if len(sides) > 2:
            _table(workspace, sides, asked, bool(chosen or exit_code), as_json)
            return 0
        compared, trials = diff.compare_selections(workspace, sides[0], sides[1], asked), None
    notes = () if trials is None else _notes(trials, compared)
    if as_json:
        common.emit(diff_document(compared, notes))
    else:
        text = None
        if stat or "code" in picked:
            text = _code(workspace, compared, trials)
        page = diff_page(compared, trials, chosen or list(SECTIONS), text, stat=stat)
        notes_page(page, notes_document(notes), on=[""] * len(notes))
        page.show()
    counted = any(each.counted for name in chosen or SECTIONS for each in compared.diff.sections[name])
    differs = counted or bool(compared.diff.problems)
    return MismatchError.exit_code if exit_code and differs else 0


def _table(
    workspace: Workspace, sides: Sequence[Selection], asked: Asked, of_two: bool, as_json: bool
) -> None:
    from ledger.cli.compare_table_page import table_page  # of no use to two sides
    from ledger.ops import compare_table
    from ledger.ops.compare_document import table_document

    if of_two:
        raise UsageError(
            "sections, --stat and --exit-code are about two sides",
            cause=f"{len(sides)} sides are named",
            hint=f"ledger diff {sides[0].experiment or 'A'} {sides[1].experiment or 'B'} --code",
        )
    table = compare_table.table([experiments.chosen(workspace, each) for each in sides], asked)
    names = [each.experiment for each in sides if each.experiment is not None and each.where is None]
    notes: tuple[Remark, ...] = ()
    if len(names) == len(sides):
        notes = note_subject.on_diff(query.load(workspace.journal), experiments=names)
    if as_json:
        common.emit(table_document(table, notes))
    else:
        page = table_page(table)
        notes_page(page, notes_document(notes), on=[""] * len(notes))
        page.show()


def _notes(trials: Trials, compared: Compared) -> tuple[Remark, ...]:
    if compared.kind == "experiments":
        return note_subject.on_diff(trials, experiments=(compared.a, compared.b))
    return note_subject.on_diff(trials, ids=[Digest.parse(each) for each in (compared.a, compared.b)])


def _code(workspace: Workspace, compared: Compared, trials: Trials | None) -> list[str]:
    """The unified diff, line by line; of experiments, of one version of each side."""
    if compared.experiments is not None:
        pair = compared.experiments.code
    elif trials is not None:
        pair = (references.resolve(trials, compared.a), references.resolve(trials, compared.b))
    else:
        pair = None
    return [] if pair is None else list(diff_code.unified(*pair, workspace.store))
