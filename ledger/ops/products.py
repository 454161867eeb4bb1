"""Which files of a tree earlier trials made."""

from collections.abc import Callable

from ledger.journal.rows import WITHHELD
from ledger.model import Digest


class Products:
    """Answers by what the journal records as outputs.

    Where a trial made very many files, a directory stands for them; all that lies in it counts as made.

    Parameters
    ----------
    recorded
        (path from the root, digest) → whether an entry has that output; with None whether any content.
    """

    def __init__(self, recorded: Callable[[str, Digest | None], bool]) -> None:
        self._recorded = recorded
        self._directories: dict[str, bool] = {"": False}

    def is_product(self, path: str, digest: Digest) -> bool:
        """Whether a trial made this content here."""
        return self._recorded(path, digest) or self._stands_for(path.rpartition("/")[0])

    def was_output(self, path: str) -> bool:
        """Whether a trial made anything here."""
        return self._recorded(path, None) or self._stands_for(path.rpartition("/")[0])

    def was_withheld(self, digest: Digest) -> bool:
        """Whether a trial made this content and did not store it, since a secret was in it."""
        return self._recorded(WITHHELD, digest)

    def _stands_for(self, directory: str) -> bool:
        found = self._directories.get(directory)
        if found is None:
            found = self._recorded(directory, None) or self._stands_for(directory.rpartition("/")[0])
            self._directories[directory] = found
        return found
