"""The command ``ledger verify``."""

import sys

import click

from ledger.cli import common
from ledger.cli.page import Page
from ledger.cli.text import count, line, short
from ledger.errors import MismatchError, UsageError
from ledger.model import Trial
from ledger.ops import query, references
from ledger.ops.result_documents import verify_document
from ledger.ops.verify import Report, verify


@click.command(
    "verify",
    short_help="Check that the ledger is whole.",
    epilog=common.ends(
        """ledger verify
        ledger verify baseline --json""",
        "0 whole, 2 usage, 3 there is no such trial, 4 something is damaged or missing",
    ),
)
@click.argument("ref", required=False)
@common.experiment("Only this experiment's objects; the journal is checked as a whole.")
@common.as_json
@click.pass_context
def command(context: click.Context, ref: str | None, experiment: str | None, as_json: bool) -> int:
    """Check every byte of the journal, and each object that a trial refers to.

    Notices tell what is worth knowing of a whole ledger: they do not change the exit code.
    """
    if ref is not None and experiment is not None:
        raise UsageError("a trial and an experiment at once", hint="leave one of them out")
    workspace = common.opened(context)
    trials = query.load(workspace.journal)
    scope: tuple[Trial, ...] | None = None
    if ref is not None:
        scope = (references.resolve(trials, ref),)
    elif experiment is not None:
        scope = references.experiment(trials, experiment)
    progress = _Progress()
    report = verify(
        workspace.journal,
        workspace.store,
        trials,
        scope=scope,
        progress=progress,
    )
    progress.end()
    if as_json:
        common.emit(verify_document(report))
    else:
        _page(report).show()
    return 0 if report.ok else MismatchError.exit_code


class _Progress:
    """Counts on a terminal, in one line that is gone at the end."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._width = 0

    def __call__(self, done: int, known: int) -> None:
        if self._terminal and done % 50 == 0:
            text = f"ledger: {done} of {known} objects"
            click.echo(f"\r{text.ljust(self._width)}", nl=False, err=True)
            self._width = len(text)

    def end(self) -> None:
        """Take the line away."""
        if self._width:
            click.echo(f"\r{' ' * self._width}\r", nl=False, err=True)


def _page(report: Report) -> Page:
    page = Page()
    checked = (
        f"{count(report.head.size, 'entry').replace('entrys', 'entries')}, {count(report.trials, 'trial')}, "
        f"{count(report.objects, 'object')}"
    )
    if report.ok:
        page.line(("whole", "bold green"))
    else:
        page.line((f"damaged: {count(len(report.findings), 'finding')}", "bold red"))
    page.pairs(
        [
            ("checked", checked),
            *((f"head {each.origin.hex()[:8]}", str(each.root)) for each in report.head.origins),
        ]
    )
    for each in report.findings:
        page.heading(f"{each.what}: {line(each.where)}")
        page.pairs(
            [
                ("expected", line(each.expected or "")),
                ("got", line(each.got or "")),
                ("trials", ", ".join(short(trial) for trial in each.trials)),
            ]
        )
    if report.notices:
        page.heading("Worth knowing")
        page.table(
            ("what", "where", "detail"),
            [(each.what, short(each.where), line(each.detail)) for each in report.notices],
        )
    return page
