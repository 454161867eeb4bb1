"""Notes as JSON documents, in the form of ``schemas/json/``."""

from collections.abc import Iterable
from typing import Any

from ledger.model.jsonform import rfc3339, to_json, with_bytes
from ledger.ops import note_signatures
from ledger.ops.remarks import Remark

Document = dict[str, Any]


def note_document(remark: Remark) -> Document:
    """A note with the id and time of its entry, how its signature is, and what it stands in for."""
    said: Document = to_json(remark.note)
    return _told(remark) | said | {"before": [_earlier(each) for each in remark.before]}


def notes_document(remarks: Iterable[Remark]) -> list[Document]:
    """Notes: the form ``notes.v1``."""
    return [note_document(each) for each in remarks]


def _told(remark: Remark) -> Document:
    signed = note_signatures.check(remark)
    return {
        "id": str(remark.id),
        "time": rfc3339(remark.time),
        "signed": str(signed.state),
        "reason": signed.reason,
    }


def _earlier(remark: Remark) -> Document:
    note = remark.note
    own = {"text": note.text, "author": note.author, "removed": note.removed, "key": note.key}
    return _told(remark) | with_bytes(own)
