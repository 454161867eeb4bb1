"""Which trials had a content as input: a file, one file of a directory, or a whole directory."""

from collections.abc import Callable, Iterable

from ledger.capture.directories import is_group
from ledger.errors import LedgerError
from ledger.model import Digest, Manifest, Trial
from ledger.model.codec import decode


def users(trials: Iterable[Trial], content: Digest, get: Callable[[Digest], bytes]) -> frozenset[Digest]:
    """Ids of the trials that read a content.

    Parameters
    ----------
    trials
        Which ones are looked at.
    content
        Of a file, or of the Manifest of a directory's files.
    get
        Reads an object; a list of files that cannot be read has nothing.
    """
    lists: dict[Digest, bool] = {}

    def within(digest: Digest) -> bool:
        if digest not in lists:
            try:
                lists[digest] = any(entry.digest == content for entry in decode(Manifest, get(digest)))
            except LedgerError:
                lists[digest] = False  # verify names it
        return lists[digest]

    return frozenset(
        trial.id
        for trial in trials
        if any(
            each.digest == content or (is_group(each) and each.digest is not None and within(each.digest))
            for each in trial.inputs
        )
    )
