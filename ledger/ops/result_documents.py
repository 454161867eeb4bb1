"""Results of operations as JSON documents, in the form of ``schemas/json/``."""

from typing import Any

from ledger.model import Difference, Digest, Head, TrialReplayed
from ledger.model.jsonform import rfc3339, to_json
from ledger.ops.diff import Compared
from ledger.ops.verify import Report

Document = dict[str, Any]


def replay_document(replay: TrialReplayed, *, id: Digest | None, time: int) -> Document:
    """A replay: the form ``replay.v1``.

    Parameters
    ----------
    replay
        What came of it.
    id
        Of its entry; None where nothing was appended.
    time
        UTC, nanoseconds since 1970.
    """
    outcome = replay.outcome
    return {
        "trial": str(replay.trial),
        "replay": str(id) if id else None,
        "verdict": str(replay.verdict),
        "time": rfc3339(time),
        "mode": replay.mode,
        "rtol": to_json(replay.rtol),
        "atol": to_json(replay.atol),
        "strict": replay.strict,
        "status": str(outcome.status) if outcome else None,
        "exit_code": outcome.exit_code if outcome else None,
        "duration_s": to_json(outcome.duration_s) if outcome else None,
        "environment": to_json(replay.environment),
        "host": str(replay.host),
        "differences": [difference_document(each) for each in replay.differences],
        "causes": to_json(replay.causes),
    }


def verify_document(report: Report) -> Document:
    """A check: the form ``verify.v1``."""
    return {
        "ok": report.ok,
        "head": head_document(report.head),
        "trials": report.trials,
        "objects": report.objects,
        "findings": to_json(report.findings),
        "notices": to_json(report.notices),
    }


def diff_document(compared: Compared) -> Document:
    """A comparison: the form ``diff.v1``."""
    diff = compared.diff
    return {
        "kind": compared.kind,
        "a": to_json(compared.a),
        "b": to_json(compared.b),
        "same": diff.same,
        "summary": diff.summary,
        "sections": {
            name: [difference_document(each) for each in found] for name, found in diff.sections.items()
        },
        "problems": to_json(diff.problems),
    }


def difference_document(difference: Difference) -> Document:
    """One difference; every text that is no UTF-8 has its bytes beside it."""
    document: Document = to_json(difference)
    return document


def head_document(head: Head) -> Document:
    """A head: how many entries in all, and how far each origin goes."""
    return {"size": head.size, "origins": to_json(head.origins)}
