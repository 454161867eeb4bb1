"""The command ``ledger cat``."""

import sys

import click

from ledger.cli import common
from ledger.errors import LedgerError, NotFoundError, UsageError
from ledger.ops import content, lettings, query, references
from ledger.ops.content import Content
from ledger.ops.trials import Trials
from ledger.workspace import Workspace


@click.command(
    "cat",
    short_help="Write a recorded file or stream to standard output.",
    epilog=common.ends(
        """ledger cat @ model/weights.bin > weights.bin
        ledger cat baseline --stderr""",
        "0 ok, 2 usage, 3 there is no such trial, path or object, 4 its content is damaged",
    ),
)
@click.argument("ref")
@click.argument("path", required=False)
@click.option("--stdout", "stream", flag_value="stdout", help="What the command wrote to standard output.")
@click.option("--stderr", "stream", flag_value="stderr", help="What it wrote to standard error.")
@click.pass_context
def command(context: click.Context, ref: str, path: str | None, stream: str | None) -> None:
    """Write a recorded file or stream to standard output, byte by byte.

    PATH is one of the trial's outputs, inputs or code, in this order; without one it is what the command
    wrote to standard output. REF may also be the digest of an object, b3:….
    """
    if path is not None and stream is not None:
        raise UsageError(
            "a path and a stream at once",
            cause=f"got {path!r} and --{stream}",
            hint="leave one of them out",
        )
    workspace = common.opened(context)
    trials = query.load(workspace.journal)
    found = _find(workspace, trials, ref, path, stream)
    writer = _Writer(found)
    sys.stdout.flush()
    try:
        content.stream(workspace.store, found.digest, writer.write)
    except NotFoundError as error:
        if found.part not in ("outputs", "products"):
            raise
        trial = references.resolve(trials, ref)
        raise lettings.explained(error, trial, trials, found.digest, workspace.store) from error
    sys.stdout.buffer.flush()


def _find(workspace: Workspace, trials: Trials, ref: str, path: str | None, stream: str | None) -> Content:
    if path is None and stream is None:
        object = content.find_object(ref)
        if object is not None and object.digest not in trials.by_id:
            return object
    trial = references.resolve(trials, ref)
    if path is not None:
        return content.find(trial, path, workspace.store)
    name = stream or "stdout"
    recorded = getattr(trial.outcome, name) if trial.outcome else None
    if recorded is None and name == "stderr" and trial.outcome and trial.outcome.stdout is not None:
        raise NotFoundError(
            f"no stderr of {references.describe(trial)}",
            cause="it went where standard output did, and is recorded with that",
            hint=f"ledger cat {trial.id.short} --stdout",
        )
    if recorded is None:
        raise NotFoundError(
            f"no {name} of {references.describe(trial)}",
            cause="the trial has not ended" if trial.outcome is None else "it was not recorded",
            hint=f"see why: ledger show {trial.id.short}",
        )
    # Not by its name: a file of the trial may be called so.
    return Content(digest=recorded.digest, part=name, path=None, media_type="text/plain")


class _Writer:
    """Writes blocks to standard output; what is no text does not go to a terminal."""

    def __init__(self, found: Content) -> None:
        self._found = found
        self._ask = sys.stdout.isatty() and found.part not in ("stdout", "stderr")

    def write(self, block: bytes) -> None:
        if self._ask and b"\0" in block:
            raise LedgerError(
                "this is no text",
                cause=f"{self._found.path or self._found.digest} is binary, and a terminal would obey it",
                hint="write it to a file: add > FILE",
            )
        self._ask = False
        sys.stdout.buffer.write(block)
