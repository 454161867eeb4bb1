"""The command ``ledger verify``."""

import math
import sys
import time
from collections.abc import Callable, Mapping
from pathlib import Path

import click

from ledger.cli import common
from ledger.cli.page import Page
from ledger.cli.plain import say
from ledger.errors import MismatchError, UsageError
from ledger.model import Digest, Notice, Status, Trial
from ledger.model.frozen import replace
from ledger.ops import pinned_heads, query, references
from ledger.ops.result_documents import verify_document
from ledger.ops.sampling import CONFIDENCE, Sample, Sampling
from ledger.ops.text import count, duration, line, short
from ledger.ops.trials import Trials
from ledger.ops.verify import Report, verify, with_notes, with_searches
from ledger.workspace import Workspace, is_copy

_EVERY_S = 0.1
"""Seconds between two looks at the count."""


@click.command(
    "verify",
    short_help="Check that the ledger is whole, or a proof.",
    epilog=common.ends(
        """ledger verify --sample 5%
        ledger verify proof.json --key ann.pub""",
        "0 whole or proved, 2 usage, 3 there is no such trial or file, 4 something is damaged, missing or not"
        " as proved, 5 there is no proof, neither what you named nor the ledger at hand vouches for it, or"
        " there is no ssh-keygen",
    ),
)
@click.argument("ref", metavar="[REF|FILE]", required=False)
@common.experiment("Only this experiment's objects; the journal is checked as a whole.")
@click.option(
    "--sample", metavar="N|P%", help="Hash so many of the stored contents, chosen at random, or this share."
)
@click.option(
    "--seed",
    metavar="N",
    type=click.IntRange(min=0, max=(1 << 64) - 1),
    help="Choose the sample that an earlier check with this seed has chosen.",
)
@click.option("--repair", is_flag=True, help="Fetch what is damaged or missing from the remotes.")
@click.option("--sign", is_flag=True, help="Sign the head that was found whole, with an SSH key.")
@click.option(
    "--key",
    metavar="PATH",
    help="The key to sign with, else git's or the first in ~/.ssh; of a proof: the public key to expect.",
)
@click.option("--signers", metavar="FILE", help="Of a proof: the keys to expect, as ssh's allowed signers.")
@click.option("--head", metavar="HEAD", help="Of a proof: the head to expect, a digest or a file.")
@click.option("--since", metavar="HEAD", help="Of a proof: an earlier head that it has to go on from.")
@common.as_json
@click.pass_context
def command(
    context: click.Context,
    ref: str | None,
    experiment: str | None,
    sample: str | None,
    seed: int | None,
    repair: bool,
    sign: bool,
    key: str | None,
    signers: str | None,
    head: str | None,
    since: str | None,
    as_json: bool,
) -> int:
    """Check every byte of the journal, and each object that a trial refers to.

    With a sample, all that lists others is read, and every content is looked for; the sample is hashed, and
    how much of the rest may be damaged is told with 95 % confidence.

    Heads that were signed or pinned earlier, here or in git, have to be what the ledger goes on from.

    Notices tell what is worth knowing of a whole ledger: they do not change the exit code.

    FILE is a proof (a path with a / in it, or a name that ends in .json) or a report's page (.html), whose
    proofs are checked with nothing but themselves and what you name: a public key, a list of signers, or a
    head. Where you name none, the ledger at hand vouches for them if it goes on from their heads.
    """
    if ref is not None and (ref.endswith((".json", ".html", ".htm")) or ("/" in ref and Path(ref).is_file())):
        if sign or repair or experiment is not None or sample is not None:
            raise UsageError("a proof is checked as a whole, and neither signed nor repaired")
        from ledger.cli import proof_page

        return proof_page.check(
            ref,
            key=key,
            signers=signers,
            head=head,
            since=since,
            at_hand=lambda: common.at_hand(context),
            as_json=as_json,
        )
    if signers or head or since or (key and not sign):
        raise UsageError(
            "what to expect of a proof, and no proof", hint="ledger verify proof.json --key KEY.pub"
        )
    if seed is not None and sample is None:
        raise UsageError("a seed without a sample", hint="--sample says how many objects it chooses")
    drawing = None if sample is None else Sampling.parse(sample, seed)
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

    def check() -> Report:
        report = verify(
            workspace.journal,
            workspace.store,
            trials,
            scope=scope,
            sample=drawing,
            progress=progress,
        )
        progress.end()  # what follows has no count
        if experiment is not None:
            report = with_searches(report, workspace, trials, experiment)
        return with_notes(pinned_heads.checked(workspace, report), trials)

    try:
        report = check()
        if report.findings:
            report = _with_remotes(workspace, report, check if repair else None)
    finally:
        progress.end()
    report = _with_silent(report, trials, common.silent(workspace))
    if as_json:
        common.emit(verify_document(report))
    else:
        _page(report).show()
    if sign:
        signed = pinned_heads.sign(workspace, report, Path(key) if key else None)
        say(f"head {signed.digest} is signed by {signed.signatures[0].key}")
    return 0 if report.ok else MismatchError.exit_code


def _with_remotes(workspace: Workspace, report: Report, check: Callable[[], Report] | None) -> Report:
    """Say which remotes have what is damaged or missing; given how to check again, put it back first."""
    from ledger.ops import repair  # a whole ledger needs no remote

    if check is not None:
        return repair.mended(workspace, report, check)
    if is_copy(workspace.directory):
        return repair.elsewhere(workspace, report)
    return repair.named(workspace, report)


def _with_silent(report: Report, trials: Trials, silent: Mapping[Digest, float]) -> Report:
    """Tell of trials that run on another machine and show no sign of life."""
    notices = [
        Notice(
            what="trial.silent",
            where=str(trial.id),
            detail=f"it runs on another machine, which shows no sign of life for {duration(seconds)}",
        )
        for id, seconds in silent.items()
        if (trial := trials.by_id.get(id)) is not None and trial.status is Status.RUNNING
    ]
    return replace(report, notices=(*report.notices, *notices)) if notices else report


class _Progress:
    """Counts on a terminal, in one line that is gone at the end."""

    def __init__(self) -> None:
        self._terminal = sys.stderr.isatty()
        self._width = 0
        self._next = 0.0

    def __call__(self, done: int, known: int) -> None:
        if self._terminal and (now := time.monotonic()) >= self._next:
            self._next = now + _EVERY_S
            text = f"ledger: {done} of {known} objects"
            click.echo(f"\r{text.ljust(self._width)}", nl=False, err=True)
            self._width = len(text)

    def end(self) -> None:
        """Take the line away."""
        if self._width:
            click.echo(f"\r{' ' * self._width}\r", nl=False, err=True)
            self._width = 0


def _page(report: Report) -> Page:
    page = Page()
    checked = (
        f"{count(report.head.size, 'entry').replace('entrys', 'entries')}, {count(report.trials, 'trial')}, "
        f"{count(report.objects, 'object')}"
        + (f", {count(report.proposals, 'proposal')}" if report.proposals else "")
    )
    if report.ok:
        page.line(("whole", "bold green"))
    else:
        page.line((f"damaged: {count(len(report.findings), 'finding')}", "bold red"))
    page.pairs(
        [
            ("checked", checked),
            *((("sample", _sampled(report.sample)),) if report.sample else ()),
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


def _sampled(sample: Sample) -> str:
    damaged = f", of which {sample.damaged} are damaged" if sample.damaged else ""
    most = math.ceil(sample.most * 1e4) / 100  # in percent, and never less than it may be
    return (
        f"{sample.objects:,} of {sample.of:,} contents were hashed{damaged}: with {CONFIDENCE * 100:g} %"
        f" confidence at most {most:g} % of all are damaged"
        f" (again: --sample {sample.objects} --seed {sample.seed})"
    )
