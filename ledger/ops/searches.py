"""Searches as their entries define them.

In a definition, which may be anything, a digest is text: bytes there are text that is no UTF-8.
"""

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from ledger.errors import FormatError
from ledger.journal.base import Journal
from ledger.model import Digest, ExperimentCreated
from ledger.model.codec import from_document, to_document
from ledger.model.search import Search
from ledger.ops.indexed import asked

if TYPE_CHECKING:
    from ledger.journal.positions import Logs

_OWN, _OF_CODE = ("environment", "forked"), ("tree", "products")


def newest(journal: Journal, name: str) -> tuple[Digest, ExperimentCreated] | None:
    """The newest tuned experiment of a name."""
    known = asked(journal, lambda _, logs: _of_logs(logs, name))
    if known is not None and len(known) < 2:
        return known[0] if known else None
    found: tuple[Digest, ExperimentCreated] | None = None
    for recorded in journal.entries():
        payload = recorded.entry.payload
        if isinstance(payload, ExperimentCreated) and payload.name == name:
            found = recorded.id, payload
    return found


def _of_logs(logs: "Logs", name: str) -> list[tuple[Digest, ExperimentCreated]]:
    """The newest one of each log that has some; which of several came last only their order tells."""
    found = []
    for log in logs.by_origin.values():
        for recorded in reversed(log.of_kind(ExperimentCreated.kind)):
            payload = recorded.entry.payload
            if isinstance(payload, ExperimentCreated) and payload.name == name:
                found.append((recorded.id, payload))
                break
    return found


def definition(created: ExperimentCreated | None) -> Search | None:
    """What a tuned experiment consists of; None where there is none, or a later release wrote it."""
    if created is None:
        return None
    try:
        return read(created)
    except FormatError:
        return None


def read(created: ExperimentCreated) -> Search:
    """What a tuned experiment consists of.

    Raises
    ------
    FormatError
        If this release cannot read it.
    """
    return from_document(Search, _with_digests(created.definition, _bytes), "definition")


def created(name: str, search: Search) -> ExperimentCreated:
    """The entry with which a search begins."""
    return ExperimentCreated(name=name, definition=_with_digests(to_document(search), _text))


def _with_digests(document: dict[str, Any], change: Callable[[Any], Any]) -> dict[str, Any]:
    changed = {key: change(value) if key in _OWN else value for key, value in document.items()}
    code = document.get("code")
    if isinstance(code, list | tuple):
        changed["code"] = [
            {key: change(value) if key in _OF_CODE else value for key, value in each.items()}
            if isinstance(each, dict)
            else each
            for each in code
        ]
    return changed


def _text(digest: bytes) -> str:
    return str(Digest(digest))


def _bytes(text: Any) -> Any:
    return bytes(Digest.parse(text)) if isinstance(text, str) else text
