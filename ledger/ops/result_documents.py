"""Results of operations as JSON documents, in the form of ``schemas/json/``."""

from typing import Any

from ledger.model import Difference, Digest, Head, TrialReplayed
from ledger.model.jsonform import rfc3339, to_json, with_bytes
from ledger.ops.best import Best
from ledger.ops.diff import Compared
from ledger.ops.documents import log_document
from ledger.ops.gc import Collected
from ledger.ops.note_documents import notes_document
from ledger.ops.proof_document import denominator_document
from ledger.ops.sampling import CONFIDENCE
from ledger.ops.varied import Varied
from ledger.ops.verify import Report
from ledger.store.base import Store

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from ledger.ops.calibrate import Calibrated
    from ledger.ops.remarks import Remark
    from ledger.ops.transfer import Transferred
    from ledger.remotes.registry import Known

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
        "varied": to_json(replay.varied),
    }


def vary_document(varied: Varied) -> Document:
    """Changed conditions and what they did: the form ``vary.v1``."""
    control = varied.control
    return {
        "trial": str(varied.trial.id),
        "summary": varied.summary,
        "depends_on": list(varied.depends),
        "mode": varied.mode,
        "rtol": to_json(varied.rtol),
        "atol": to_json(varied.atol),
        "strict": varied.strict,
        "control": {
            "verdict": str(control.verdict),
            "ready": control.ready,
            "stable": varied.stable,
            "held": list(control.held),
            "replays": to_json(control.replays),
            "differences": [difference_document(each) for each in control.differences],
            "varying": [difference_document(each) for each in control.varying],
            "causes": to_json(control.causes),
        },
        "conditions": [
            {**to_json(each), "differences": [difference_document(found) for found in each.differences]}
            for each in varied.tried
        ],
    }


def calibration_document(found: "Calibrated") -> Document:
    """What several replays have shown: the form ``calibration.v1``."""
    return {
        "trial": str(found.trial.id),
        "experiment": to_json(found.trial.experiment),
        "replays": [replay_document(each.result, id=each.entry_id, time=each.time) for each in found.replays],
        "unstable": found.unstable,
        "coverage": found.coverage,
        "varying": to_json(found.varying),
        "allowances": [{"id": str(id), **to_json(each)} for id, each in found.allowances],
    }


def verify_document(report: Report) -> Document:
    """A check: the form ``verify.v1``."""
    sample = report.sample
    return {
        "ok": report.ok,
        "head": head_document(report.head),
        "trials": report.trials,
        "objects": report.objects,
        "proposals": report.proposals,
        "sample": sample
        and {
            "objects": sample.objects,
            "of": sample.of,
            "seed": sample.seed,
            "damaged": sample.damaged,
            "confidence": CONFIDENCE,
            "most": sample.most,
        },
        "findings": to_json(report.findings),
        "notices": to_json(report.notices),
    }


def gc_document(done: Collected) -> Document:
    """What was removed, or would be: the form ``gc.v1``."""
    return {
        "dry_run": done.dry_run,
        "objects": done.objects,
        "bytes": done.size,
        "kept": done.kept,
        "waiting": done.waiting,
        "rows": [
            with_bytes(
                {
                    "reason": row.reason,
                    "experiment": row.experiment,
                    "trials": row.trials,
                    "objects": row.objects,
                    "bytes": row.size,
                }
            )
            for row in done.rows
        ],
    }


def diff_document(compared: Compared, notes: "Iterable[Remark]" = ()) -> Document:
    """A comparison, and the notes on it: the form ``diff.v1``."""
    diff = compared.diff
    document = {
        "kind": compared.kind,
        "a": to_json(compared.a),
        "b": to_json(compared.b),
        "same": diff.same,
        "summary": diff.summary,
        "sections": {
            name: [difference_document(each) for each in found] for name, found in diff.sections.items()
        },
        "problems": to_json(diff.problems),
        "notes": notes_document(notes),
    }
    if compared.experiments is not None:
        from ledger.ops.compare_document import experiments_document  # of no use to trials

        document["comparison"] = experiments_document(compared.experiments)
    return document


def difference_document(difference: Difference) -> Document:
    """One difference; every text that is no UTF-8 has its bytes beside it."""
    document: Document = to_json(difference)
    return document


def head_document(head: Head) -> Document:
    """A head: how many entries in all, and how far each origin goes."""
    return {"size": head.size, "origins": to_json(head.origins)}


def transfer_document(verb: str, known: "Known", done: "Transferred") -> Document:
    """What a push or a pull has moved: the form ``transfer.v1``."""
    return {
        "verb": verb,
        "remote": known.name,
        "url": known.url,
        "ok": done.ok,
        "origins": [
            {"origin": each.origin.hex(), "before": each.before, "after": each.after} for each in done.origins
        ],
        "entries": done.entries,
        "objects": done.objects,
        "bytes": done.bytes,
        "signatures": done.signatures,
        "findings": to_json(done.findings),
        "notices": to_json(done.notices),
    }


def remotes_document(known: "Iterable[Known]") -> list[Document]:
    """A ledger's remotes: the form ``remotes.v1``."""
    return [{"name": each.name, "url": each.url, "id": each.id} for each in known]


def best_document(found: Best, store: Store) -> Document:
    """The best trials of an experiment: the form ``best.v1``."""
    ranked = log_document(found.ranked, found.trials, store)
    signed, counted = found.signed, found.counted
    return {
        "experiment": to_json(found.now.experiment),
        "metric": to_json(found.metric),
        "direction": "maximize" if found.maximize else "minimize",
        "best": [
            {
                "value": to_json(value),
                "mean": None if believed is None else to_json(believed.mean),
                "interval": None if believed is None else [to_json(believed.low), to_json(believed.high)],
                "seeds": 1 if believed is None else believed.seeds,
                "trial": trial,
            }
            for value, trial, believed in zip(
                found.values, ranked, found.believed or (None,) * len(ranked), strict=True
            )
        ],
        "configurations": found.configurations,
        "measured": found.measured,
        "optimistic": found.optimistic,
        "now": denominator_document(found.now),
        "signed": None
        if signed is None or counted is None
        else {
            "head": str(signed.digest),
            "keys": [each.key for each in signed.signatures],
            "experiment": denominator_document(counted),
        },
    }
