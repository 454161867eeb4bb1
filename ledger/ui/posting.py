"""What the page writes: a note, and before that, how it will look.

The guard lets nothing through to here but what this server's own page sends, and only with ``--write``.
"""

from collections.abc import Callable, Mapping
from typing import Any

from starlette.requests import ClientDisconnect, Request

from ledger.errors import LedgerError, UsageError
from ledger.model.frozen import replace
from ledger.ui.assets import Asset
from ledger.ui.source import Source

Document = dict[str, Any]
Doing = Callable[[Source, bytes], Document]

_SILENT = b'<meta name="ledger-write" content="no">'
_OPEN = b'<meta name="ledger-write" content="yes">'


class TooLargeError(UsageError):
    """A request has more bytes than a note can have."""


class NotJsonError(UsageError):
    """A request says that it is something else than JSON."""


async def body(request: Request) -> bytes:
    """What a request brings; reading ends where it is more than a note can be.

    Raises
    ------
    NotJsonError
        If it does not say that it is JSON: a form of another site could not.
    TooLargeError
        If it is too long, or says that it is going to be.
    UsageError
        If it breaks off.
    """
    from ledger.ui.data.posted_note import MOST  # what writes is imported where something is written

    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if kind != "application/json":
        raise NotJsonError("no note", cause=f"content-type: expected application/json, got {kind[:100]!r}")
    stated = request.headers.get("content-length", "")
    if stated.isdecimal() and (len(stated) > len(str(MOST)) or int(stated) > MOST):
        raise _too_large(MOST, f"{stated[:30]} of them stated")
    found = bytearray()
    try:
        async for part in request.stream():
            found += part
            if len(found) > MOST:
                raise _too_large(MOST, f"{len(found):,} or more")
    except ClientDisconnect as error:
        raise UsageError("a note that breaks off", cause="the browser hung up") from error
    return bytes(found)


def _too_large(most: int, got: str) -> TooLargeError:
    return TooLargeError(
        "a note that is too long",
        cause=f"expected {most:,} bytes at most, got {got}",
        hint="put it in a file that a trial writes or reads, and say where",
    )


def _write(source: Source, content: bytes) -> Document:
    from ledger.ui.data import posted_note

    return posted_note.write(source.workspace, posted_note.read(content))


def _preview(source: Source, content: bytes) -> Document:  # noqa: ARG001
    from ledger.ui.data import posted_note

    return posted_note.preview(posted_note.read(content))


DOINGS: Mapping[str, Doing] = {"/note": _write, "/preview": _preview}
"""What a POST to each address does."""


def told(index: Asset) -> Asset:
    """The page's frame, which tells that notes may be written.

    Raises
    ------
    LookupError
        If the frame has no place for it.
    """
    if index.content.count(_SILENT) != 1:
        raise LookupError(f"index.html: expected {_SILENT.decode()} once")
    return replace(index, content=index.content.replace(_SILENT, _OPEN))


def unforeseen(error: Exception) -> LedgerError:
    """What is said where writing fails in a way that nobody thought of."""
    return LedgerError(
        "the note was not written",
        cause=f"{type(error).__name__}: {error}",
        hint="it is still in its field; see what is wrong: ledger verify",
    )
