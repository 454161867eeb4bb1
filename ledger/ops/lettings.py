"""What is said of a content that was let go of."""

from ledger.errors import LedgerError, NotFoundError
from ledger.model import Digest, Trial
from ledger.model.jsonform import rfc3339
from ledger.ops import reach
from ledger.ops.trials import Trials
from ledger.store.base import Store


def why(trial: Trial, trials: Trials, digest: Digest, store: Store) -> str | None:
    """By what an output's content was let go of, and when; None where it was not.

    What a trial has of earlier ones, as products, is gone when those let go of it.

    Parameters
    ----------
    trial
        Whose output, or product, it is.
    trials
        All of them.
    digest
        Of the content.
    store
        Where the Manifests are that stand for very many outputs.
    """
    end = trials.ends.get(trial.id)
    found = trials.dropped_from(end, digest)
    for each in reach.outputs(trial.outcome):
        if found is None and each.kind is not None:
            dropped = trials.dropped_from(end, each.digest)
            if dropped is not None and _lists(each.digest, digest, store):
                found = dropped
    for some in trials.dropped.values():
        found = found or next((each for each in some if digest in each.digests), None)
    if found is not None:
        return f"let go of by {found.reason} on {rfc3339(found.time)[:10]}"
    for other, _ in trials.removed.values():
        if any(each.digest == digest for each in reach.outputs(other.outcome)):
            return f"an output of trial {other.id.short}, which was taken back"
    return None


def _lists(manifest: Digest, digest: Digest, store: Store) -> bool:
    try:
        return any(each.digest == digest for each in reach.inside(store.get(manifest), ""))
    except LedgerError:
        return False  # damaged, which verify says


def explained(error: LedgerError, trial: Trial, trials: Trials, digest: Digest, store: Store) -> LedgerError:
    """An error about an object that is not there, or one that says that it was let go of."""
    cause = why(trial, trials, digest, store)
    if cause is None:
        return error
    return NotFoundError(
        f"{digest} is not kept any more",
        cause=cause,
        hint=f"ledger replay {trial.id.short} makes it again, and puts it into the store",
    )
