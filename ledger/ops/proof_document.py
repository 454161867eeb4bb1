"""What a checked proof and a head have to say, as JSON documents in the form of ``schemas/json/``."""

import os
from typing import Any

from ledger.model.jsonform import rfc3339, to_json, with_bytes
from ledger.ops.denominator import Denominator
from ledger.ops.proofs import Proven

Document = dict[str, Any]


def proven_document(proven: Proven) -> Document:
    """What a proof has shown: the form ``proven.v1``."""
    trial, outcome = proven.trial, proven.trial.outcome
    parameters = {each.name: each.value for each in trial.hyperparameters}
    metrics = {each.name: each.last for each in outcome.metrics} if outcome else {}
    described = with_bytes({"name": trial.name, "experiment": trial.experiment, "command": trial.intent.argv})
    return {
        "ok": proven.vouched,
        "trial": str(trial.id),
        **described,
        "status": str(trial.status) if outcome else None,
        "exit_code": outcome.exit_code if outcome else None,
        "started": rfc3339(trial.started),
        "hyperparameters": to_json(parameters),
        "metrics": to_json(metrics),
        "recipe": to_json(trial.recipe),
        "entries": [
            {
                "kind": each.kind,
                "id": str(each.id),
                "origin": each.origin.hex(),
                "index": each.index,
                "size": each.size,
            }
            for each in proven.places
        ],
        "head": str(proven.signed.digest),
        "since": to_json(proven.since),
        "signers": [
            {"kind": each.key.kind, "key": each.key.fingerprint, "name": each.name} for each in proven.signers
        ],
        **with_bytes({"ledger": None if proven.ledger is None else os.fspath(proven.ledger)}),
        "claimed_trials": proven.trials,
    }


def denominator_document(found: Denominator) -> Document:
    """The trials of an experiment: part of the forms ``signed-head.v1`` and ``best.v1``."""
    return {
        "name": to_json(found.experiment),
        "trials": found.trials,
        "statuses": {str(status): number for status, number in found.statuses.items()},
        "removed": found.removed,
    }
