"""Notes as the entries of a journal tell them: which of them stand, and what they stand in for."""

from ledger.errors import UsageError
from ledger.model import Digest, Note, Recorded
from ledger.model.frozen import field, frozen, replace


@frozen
class Remark:
    """A note, as its entry tells it."""

    id: Digest
    """Of the ``note`` entry."""
    time: int
    """UTC, nanoseconds since 1970."""
    note: Note
    before: "tuple[Remark, ...]" = ()
    """The notes that it stands in for, oldest first."""
    body: bytes = field(default=b"", repr=False)
    """The entry's stored canonical bytes, which a signature is about."""

    @property
    def trials(self) -> tuple[Digest, ...]:
        """The trials that it is on, each once: more than one of a diff."""
        own = () if self.note.trial is None else (self.note.trial,)
        return tuple(dict.fromkeys((*own, *self.note.against)))

    @property
    def experiments(self) -> tuple[str, ...]:
        """The experiments that it is on, each once: more than one of a diff."""
        own = () if self.note.experiment is None else (self.note.experiment,)
        return tuple(dict.fromkeys((*own, *self.note.against_experiments)))


def remark_of(recorded: Recorded) -> Remark:
    """The note that an entry tells.

    Raises
    ------
    UsageError
        If it tells another kind of fact.
    """
    note = recorded.entry.payload
    if not isinstance(note, Note):
        raise UsageError(f"{recorded.id.short} is no note", cause=f"it is a {note.kind}")
    return Remark(id=recorded.id, time=recorded.entry.time, note=note, body=recorded.body)


class NoteFold:
    """What the notes up to here say."""

    __slots__ = ("_copies", "_known", "_replaced", "_signed")

    def __init__(self) -> None:
        self._known: dict[Digest, Remark] = {}
        self._replaced: dict[Digest, Digest] = {}
        """By what each was replaced last."""
        self._signed: dict[tuple[int, Note], Digest] = {}
        self._copies: dict[Digest, Digest] = {}
        """Of what each is a copy."""

    def add(self, remark: Remark) -> None:
        """Take one more note.

        A signed note is one statement, however often it was appended: whoever copies it to another log brings
        back nothing that its author took back.
        """
        if remark.note.signature is not None:
            first = self._signed.setdefault((remark.time, remark.note), remark.id)
            if first != remark.id:
                self._copies[remark.id] = first
                return
        self._known[remark.id] = remark
        if remark.note.replaces is not None:
            self._replaced[remark.note.replaces] = remark.id

    def standing(self) -> list[Remark]:
        """The notes that were neither corrected nor taken back, oldest first, each with those before it."""
        return [each for each in self._last() if not each.note.removed]

    def taken_back(self) -> list[Remark]:
        """What takes notes back, oldest first, each with those that it takes back before it."""
        return [each for each in self._last() if each.note.removed and each.before]

    def _last(self) -> list[Remark]:
        replaced = self.replaced()
        return [
            replace(each, before=self._before(each)) if each.note.replaces is not None else each
            for each in self._known.values()
            if each.id not in replaced
        ]

    def replaced(self) -> dict[Digest, Digest]:
        """What does not stand any more, and by which note it was corrected or taken back last."""
        return {self._copies.get(old, old): new for old, new in self._replaced.items() if old in self}

    def __contains__(self, id: Digest) -> bool:
        return self._copies.get(id, id) in self._known

    def _before(self, remark: Remark) -> tuple[Remark, ...]:
        chain: dict[Digest, Remark] = {}
        while remark.note.replaces is not None:
            earlier = self._known.get(self._copies.get(remark.note.replaces, remark.note.replaces))
            if earlier is None or earlier.id in chain:
                break
            chain[earlier.id] = remark = earlier
        return tuple(reversed(chain.values()))
