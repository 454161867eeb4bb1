"""Where a command runs: in the user's own tree, or in one that stands for it."""

import os
from collections.abc import Iterable
from pathlib import Path

from ledger.capture.files import Scan
from ledger.model.frozen import frozen
from ledger.ops.execute import Bind


@frozen
class Place:
    """Where a command runs."""

    root: Path
    """Top of the tree that it changes."""
    directory: Path
    """Its working directory, as it sees it."""
    before: Scan | None = None
    """What the tree held; None for the user's own tree, which was scanned already."""
    binds: tuple[Bind, ...] = ()
    """What is mounted over what, for the command alone."""
    replacing: tuple[tuple[str, str], ...] = ()
    """Prefixes of paths in the command and its variables, written anew where nothing can be mounted."""
    original: Path | None = None
    """The root that this one stands for; None where it is the user's own."""

    def seen_as(self, directory: Path) -> Path:
        """Where this process finds what the command finds in `directory`."""
        if self.original is None or not directory.is_relative_to(self.original):
            return directory
        return self.root / directory.relative_to(self.original)

    def rewritten(self, word: str) -> str:
        """A word of the command, or a variable's value, as it has to be here."""
        for old, new in self.replacing:
            word = _replaced(word, old, new)
        return word


def usual(directory: Path, root: Path) -> Place:
    """The user's own tree: nothing is copied."""
    return Place(root=root, directory=directory)


def moved(maps: Iterable[tuple[str, str]], root: Path, directory: Path) -> tuple[tuple[str, str], ...]:
    """Prefixes of paths that lie elsewhere now, as a command may spell them, and where they lie.

    Parameters
    ----------
    maps
        Old and new paths: old ones start at the root, new ones at the working directory of this process.
    root, directory
        Of the command: top of its tree, and where it is started.
    """
    pairs: dict[str, str] = {}
    for old, new in maps:
        place = os.path.normpath(root / old)
        for spelled in (old, place, os.path.relpath(place, root / directory)):
            if spelled == old or spelled.startswith(("/", "../")):
                pairs.setdefault(spelled, os.path.abspath(new))
    return tuple(pairs.items())


def _replaced(word: str, old: str, new: str) -> str:
    """`word` with the path `old`, as a whole path or the beginning of one, written as `new`."""
    place = word.find(old)
    while place >= 0:
        end = place + len(old)
        starts = place == 0 or not (word[place - 1].isalnum() or word[place - 1] in "/._-")
        ends = end == len(word) or word[end] in "/:;,\"' )]}"
        if starts and ends:
            word = word[:place] + new + word[end:]
            end = place + len(new)
        place = word.find(old, end)
    return word
