"""Which objects entries mention, found in their bytes: a copy needs these, and of many entries, quickly."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from ledger.errors import FormatError
from ledger.journal.rows import load
from ledger.model import Digest, Manifest, Mode
from ledger.model.codec import decode
from ledger.model.digest import PREFIX, SIZE

MOST_NOUN = 256 << 20
"""Bytes of an object that holds a noun."""

_RECORD = 32
"""Bytes of a point in a series."""
_MOST_KEYS = 16 << 20
"""Bytes of a series beside its points."""

_MOST_UNTOLD = 1 << 40
"""Bytes of a standard input: nothing tells how many it has."""
_LEAST = 1 << 12
"""Bytes that anything may have: of a link, what it points to."""

_KINDS = ("trial.started", "trial.replayed", "trial.finished", "trial.lost")


class Mention(NamedTuple):
    """An object that something names."""

    digest: Digest
    most: int
    """Bytes that it has at most, as far as what names it says."""
    manifest: bool = False
    """Whether it lists others."""


class Mentions:
    """Objects that some entries name themselves, each once; of a kind that this release does not know, none.

    There may be very many entries, most of which name what others did: only what is new costs anything.
    """

    __slots__ = ("_lists", "_plain")

    def __init__(self) -> None:
        self._plain: dict[bytes, int] = {}
        self._lists: set[bytes] = set()

    def __iter__(self) -> Iterator[Mention]:
        for digest in self._lists:
            yield Mention(Digest(digest), MOST_NOUN, True)
        for digest, most in self._plain.items():
            if digest not in self._lists:
                yield Mention(Digest(digest), most)

    def read(self, document: dict[str, Any]) -> None:
        """Take what an entry's map names."""
        data = document.get("data")
        if document.get("kind") not in _KINDS or not isinstance(data, dict):
            return
        self._noun(data.get("environment"))
        self._noun(data.get("host"))
        for snapshot in _array(data.get("code")):
            if isinstance(snapshot, dict):
                self._list(snapshot.get("tree"))
                self._list(snapshot.get("products"))
        self._standard_input(data.get("intent"))
        self._artifacts(data.get("locks"))
        self._artifacts(data.get("inputs"))
        for wheel in _array(data.get("wheels")):
            self._sized(wheel)
        outcome = data.get("outcome")
        if isinstance(outcome, dict):
            self._outcome(outcome)

    def _outcome(self, outcome: dict[Any, Any]) -> None:
        self._artifacts(outcome.get("outputs"))
        self._sized(outcome.get("stdout"))
        self._sized(outcome.get("stderr"))
        if series := outcome.get("series"):
            points = sum(
                _size(each.get("count")) for each in _array(outcome.get("metrics")) if isinstance(each, dict)
            )
            self._plainly(series, _RECORD * points + _MOST_KEYS)

    def _artifacts(self, found: Any) -> None:
        for each in _array(found):
            if isinstance(each, dict) and not each.get("omitted"):
                if each.get("mode") == Mode.DIRECTORY:
                    self._list(each.get("digest"))
                else:
                    self._sized(each)

    def _sized(self, found: Any) -> None:
        if isinstance(found, dict):
            self._plainly(found.get("digest"), max(_size(found.get("size")), _LEAST))

    def _standard_input(self, intent: Any) -> None:
        text = intent.get("stdin") if isinstance(intent, dict) else None
        if isinstance(text, str) and text.startswith(PREFIX):
            try:
                self._plainly(Digest.parse(text), _MOST_UNTOLD)
            except FormatError:
                return  # verify names an entry that cannot be read

    def _noun(self, found: Any) -> None:
        self._plainly(found, MOST_NOUN)

    def _list(self, found: Any) -> None:
        if isinstance(found, bytes) and len(found) == SIZE:
            self._lists.add(found)

    def _plainly(self, found: Any, most: int) -> None:
        if isinstance(found, bytes) and len(found) == SIZE and self._plain.get(found, -1) < most:
            self._plain[found] = most


def of_entries(bodies: Iterable[bytes]) -> Mentions:
    """What the entries of some bodies name."""
    found = Mentions()
    for body in bodies:
        found.read(load(body))
    return found


def of_manifest(content: bytes) -> Iterator[Mention]:
    """Objects that a Manifest lists.

    Raises
    ------
    FormatError
        If it is none.
    """
    for entry in decode(Manifest, content):
        if entry.digest and not entry.omitted:
            yield Mention(entry.digest, max(entry.size, _LEAST))


def _array(found: Any) -> list[Any]:
    return found if isinstance(found, list) else []


def _size(found: Any) -> int:
    return found if type(found) is int and found >= 0 else 0
