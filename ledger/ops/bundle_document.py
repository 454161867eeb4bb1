"""What was bundled, and what was opened, as JSON documents in the form of ``schemas/json/``."""

from typing import Any

from ledger.model import Digest
from ledger.model.jsonform import to_json, with_bytes
from ledger.ops.bundle import Bundled
from ledger.ops.open_bundle import Opened

Document = dict[str, Any]


def bundle_document(done: Bundled) -> Document:
    """A bundle that was written: the form ``bundle.v1``."""
    return {
        **with_bytes({"path": str(done.path)}),
        "bytes": done.size,
        "head": str(done.signed.digest),
        "signers": [each.key for each in done.signed.signatures],
        "trials": [str(each.id) for each in done.trials],
        "entries": done.entries,
        "objects": done.objects,
        "left_out": done.left_out,
        "missing": [_missing(each.digest, each.what) for each in done.missing],
    }


def opened_document(opened: Opened) -> Document:
    """A bundle that was opened: the form ``opened.v1``."""
    checked = opened.checked
    return {
        "ok": checked.vouched,
        **with_bytes({"directory": str(opened.directory)}),
        "added": opened.added,
        "head": str(checked.bundle.signed.digest),
        "signers": [
            {"kind": each.key.kind, "key": each.key.fingerprint, "name": each.name}
            for each in checked.signers
        ],
        "unchecked": checked.unchecked,
        "trials": [
            {
                "trial": str(each.id),
                **with_bytes({"name": each.name, "experiment": each.experiment, "command": each.intent.argv}),
                "status": to_json(each.status if each.outcome else None),
            }
            for each in checked.trials
        ],
        "entries": len(checked.entries),
        "objects": len(checked.objects),
        "left_out": len(checked.left_out),
        "missing": [_missing(each.digest, each.what) for each in checked.missing],
    }


def _missing(digest: Digest, what: str) -> Document:
    return {"digest": str(digest), **with_bytes({"what": what})}
