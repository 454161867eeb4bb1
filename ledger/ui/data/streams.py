"""What a trial printed: its end, as text."""

import os
import stat
import tempfile
from pathlib import Path

from ledger.capture.secrets import Secrets
from ledger.errors import NotFoundError, UsageError
from ledger.model import Trial
from ledger.ops.lost import withheld
from ledger.ui.data import Document, Query
from ledger.ui.source import Source

SHOWN = 1 << 18
"""Bytes of a stream that are shown."""
_MARGIN = 1 << 14
"""Bytes in front of these, in which a secret may have begun."""


def answer(source: Source, query: Query) -> Document:
    """The last bytes of the stream ``name`` (``stdout`` or ``stderr``) of the trial ``trial``.

    Of a trial that runs here, what it has printed until now, masked as its record will be.

    Raises
    ------
    NotFoundError
        If there is no such trial, or nothing of that stream was recorded.
    UsageError
        If there is no such stream.
    """
    name = query.get("name", "stdout")
    if name not in ("stdout", "stderr"):
        raise UsageError(f"no stream {name!r}", cause="expected stdout or stderr")
    trial = source.trial(query.get("trial") or "@")
    spool = source.spool(trial)
    if spool is not None:
        return _until_now(trial, spool / name)
    stream = getattr(trial.outcome, name) if trial.outcome else None
    if stream is None:
        raise NotFoundError(f"trial {trial.id.short} has no {name}", cause=f"it is {trial.status}")
    store = source.workspace.store
    total = store.size(stream.digest)
    with store.open(stream.digest) as file:
        skipped = max(0, total - SHOWN)
        file.seek(skipped)
        held = file.read(SHOWN)
    return {"text": held.decode("utf-8", "replace"), "size": total, "skipped": skipped}


def _until_now(trial: Trial, path: Path) -> Document:
    """Whole lines only: half a secret would not be known for one."""
    reason = withheld(trial.intent.argv)
    if reason is not None:
        raise NotFoundError(f"the {path.name} of trial {trial.id.short} is not shown", cause=reason)
    held, size = _end(path)
    lines = held[: max(held.rfind(b"\n"), held.rfind(b"\r")) + 1]
    # The values that have to be hidden are known to the recorder; most are variables of this process, too.
    secrets = Secrets.find(trial.intent.argv, os.environ, (Path(trial.root),))
    text = _masked(lines, secrets)
    cut = len(text) - SHOWN if size > len(held) else 0
    text = text[max(0, cut) :]
    return {"text": text.decode("utf-8", "replace"), "size": size, "skipped": max(0, size - len(text))}


def _end(path: Path) -> tuple[bytes, int]:
    """The last bytes of a file that somebody writes, and its size; nothing of what is no file."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_NOFOLLOW | os.O_CLOEXEC)
    except OSError:
        return b"", 0  # it goes with the other stream, or the trial has ended meanwhile
    with open(descriptor, "rb") as file:
        status = os.fstat(descriptor)
        if not stat.S_ISREG(status.st_mode):
            return b"", 0
        file.seek(max(0, status.st_size - SHOWN - _MARGIN))
        return file.read(SHOWN + _MARGIN), status.st_size


def _masked(content: bytes, secrets: Secrets) -> bytes:
    with tempfile.TemporaryDirectory(prefix="ledger-ui-") as directory:
        plain, hidden = Path(directory, "plain"), Path(directory, "masked")
        plain.write_bytes(content)
        secrets.also_in(plain).mask_file(plain, hidden)
        return hidden.read_bytes()
