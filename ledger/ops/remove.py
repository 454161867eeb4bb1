"""Take back what was recorded: a tombstone hides it; nothing is removed."""

from ledger.errors import AmbiguousError
from ledger.journal.base import Journal
from ledger.model import Allowance, Digest, Tombstone, Trial
from ledger.model.digest import PREFIX
from ledger.ops import references
from ledger.ops.trials import Trials


def find(trials: Trials, ref: str) -> tuple[Digest, Trial | Allowance]:
    """What a reference names: a trial, or an allowance by its id or the start of it.

    Raises
    ------
    NotFoundError, AmbiguousError
        If it names nothing, or more than one thing.
    """
    digits = ref.removeprefix(PREFIX).lower()
    found = [id for id in trials.allowances if id.hex().startswith(digits)]
    if len(digits) < references.MIN_PREFIX or not found:
        trial = references.resolve(trials, ref)
        return trial.id, trial
    both = [*found, *(id for id in trials.by_id if id.hex().startswith(digits))]
    if len(both) > 1:
        raise AmbiguousError(
            f"{ref} is the start of {len(both)} ids",
            cause=f"they are {', '.join(id.short for id in both[:5])}",
            hint="give more digits",
        )
    return found[0], trials.allowances[found[0]]


def remove(journal: Journal, target: Digest, reason: str) -> Digest:
    """Append a tombstone, and return its id."""
    return journal.append(Tombstone(target=target, reason=reason)).id
