"""The command ``ledger bundle``."""

from pathlib import Path

import click

from ledger.cli import common, plain
from ledger.errors import UsageError
from ledger.model import Trial
from ledger.ops import query, references, signing
from ledger.ops.bundle import Bundled, bundle
from ledger.ops.bundle_document import bundle_document
from ledger.ops.output_file import output_file
from ledger.ops.text import count, line, size
from ledger.ops.trials import Trials


@click.command(
    "bundle",
    short_help="Write trials and all that proves them into one file.",
    epilog=common.ends(
        """ledger bundle paper -o paper.ledger
        ledger bundle -x digits --no-outputs -o digits.ledger""",
        "0 ok, 2 usage, 3 there is no such trial, 4 something that belongs into it is damaged,"
        " 5 no ssh-keygen",
    ),
)
@click.argument("refs", metavar="[REF]...", nargs=-1)
@common.experiment("All trials of this experiment.")
@click.option("-o", "--output", metavar="FILE", required=True, help="Where to, such as paper.ledger.")
@click.option(
    "--no-outputs",
    is_flag=True,
    help="Leave the contents of outputs out; their digests stay, and replays make them again.",
)
@click.option("--key", metavar="PUB", help="Prove them in a head that this public key has signed.")
@common.as_json
@click.pass_context
def command(
    context: click.Context,
    refs: tuple[str, ...],
    experiment: str | None,
    output: str,
    no_outputs: bool,
    key: str | None,
    as_json: bool,
) -> None:
    """Write trials into one file that needs no ledger: a paper's appendix.

    It holds every entry about them, with the way from each to the largest signed head that has them (ledger
    verify --sign makes one; --key says whose) and its signatures; and their code, inputs, outputs,
    environment, metrics and streams. Whoever has it looks into it with: ledger open FILE, and makes it again
    with: ledger replay FILE
    """
    if bool(refs) is (experiment is not None):
        raise UsageError(
            "trials and an experiment at once" if refs else "no trial is named",
            cause="expected references or -x NAME",
            hint="the last trial: ledger bundle @ -o last.ledger",
        )
    output_file(Path(output), "bundle")  # before anything is read
    workspace = common.opened(context)
    chosen = _chosen(query.load(workspace.journal), refs, experiment)
    done = bundle(
        workspace,
        chosen,
        Path(output),
        outputs=not no_outputs,
        key=None if key is None else signing.public_digest(Path(key)),
        progress=plain.say,
    )
    for each in done.missing:
        plain.warn(f"{line(each.what)} is not in it: its content {each.digest} is not here")
    if not done.signed.signatures:
        plain.warn("the head of this bundle is not signed; sign one first: ledger verify --sign")
    if as_json:
        common.emit(bundle_document(done))
    else:
        click.echo(_told(done))


def _chosen(trials: Trials, refs: tuple[str, ...], experiment: str | None) -> tuple[Trial, ...]:
    if experiment is not None:
        return references.experiment(trials, experiment)
    found = {trial.id: trial for trial in (references.resolve(trials, each) for each in refs)}
    return tuple(found.values())


def _told(done: Bundled) -> str:
    without = f", without {count(done.left_out, 'output')}" if done.left_out else ""
    entries = count(done.entries, "entry").replace("entrys", "entries")
    return (
        f"{line(str(done.path))}: {count(len(done.trials), 'trial')}, {entries},"
        f" {count(done.objects, 'object')}{without}, {size(done.size)}, head {done.signed.digest.short}"
    )
