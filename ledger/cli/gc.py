"""The command ``ledger gc``."""

import click

from ledger.cli import common, plain
from ledger.cli.page import Page
from ledger.ops import gc, keeping
from ledger.ops.gc import Collected, Row
from ledger.ops.keeping import Policy
from ledger.ops.result_documents import gc_document
from ledger.ops.text import count, line, size

_REASONS = {
    gc.DROPPED: "outputs let go of",
    gc.REMOVED: "of trials taken back",
    gc.UNREFERENCED: "of nothing recorded",
}


@click.command(
    "gc",
    short_help="Make room: remove contents that nothing holds.",
    epilog=common.ends(
        """ledger gc --dry-run
        ledger gc -x sweep --keep-last 20 --older-than 90d""",
        "0 ok, 1 another process removes objects, 2 usage, 3 there is no such experiment or tag,"
        " 4 the ledger is damaged",
    ),
)
@click.option("--dry-run", is_flag=True, help="Only say what would go.")
@click.option(
    "--keep-last",
    metavar="N",
    type=click.IntRange(min=0),
    help="Of each experiment, the outputs of all but the last N trials may go.",
)
@click.option("--older-than", metavar="AGE", help="Outputs of trials older than 90d, 12h, 2w may go.")
@common.experiment("Only outputs of this experiment's trials may go.")
@click.option("--tag", metavar="TAG", help="Only outputs of trials with this tag; else tagged ones are kept.")
@click.option(
    "--reproducible", is_flag=True, help="Only outputs that the last replay has made again, byte by byte."
)
@common.as_json
@click.pass_context
def command(
    context: click.Context,
    dry_run: bool,
    keep_last: int | None,
    older_than: str | None,
    experiment: str | None,
    tag: str | None,
    reproducible: bool,
    as_json: bool,
) -> None:
    """Remove contents that no trial holds: of trials that were taken back, and what killed commands left.

    With options, the outputs of those trials go, too, of which all options are true. That is recorded, and
    all digests stay: `ledger replay` puts such outputs into the store again. Code, inputs, metrics and
    streams stay, and so does what another trial holds.
    """
    policy = Policy(
        keep_last=keep_last,
        older_than=None if older_than is None else keeping.age(older_than),
        experiment=experiment,
        tag=tag,
        reproducible=reproducible,
    )
    workspace = common.opened(context)
    done = gc.gc(workspace, policy, dry_run=dry_run, progress=plain.say)
    if as_json:
        common.emit(gc_document(done))
    else:
        _page(done).show()


def _page(done: Collected) -> Page:
    page = Page()
    verb = "would remove" if done.dry_run else "removed"
    page.line((f"{verb} {count(done.objects, 'object')}, {size(done.size)}", "bold"))
    page.pairs([("kept", count(done.kept, "object"))])
    if done.rows:
        page.table(
            ("what", "experiment", "trials", "objects", "size"),
            [_cells(row) for row in done.rows],
        )
    if done.waiting:
        who = "a command writes" if done.waiting == 1 else f"{done.waiting} commands write"
        page.line(f"{who}, and may rely on what is to go: run ledger gc again once that has ended")
    return page


def _cells(row: Row) -> tuple[str, ...]:
    trials = str(row.trials) if row.trials else "-"
    return _REASONS[row.reason], line(row.experiment or "-"), trials, str(row.objects), size(row.size)
