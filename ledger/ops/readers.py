"""Which trials read or wrote a content, by the bytes of their entries: only a few of those are decoded.

An artifact's canonical bytes begin with its mode and its path, and its digest follows. What stands from the
one to the other is decoded where it is met first; wherever it stands again, it says the same.
"""

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING

import numpy as np

from ledger.capture.directories import expanded, is_group
from ledger.errors import LedgerError
from ledger.journal.passages import Passage, passages
from ledger.journal.sealed_rows import IrregularError
from ledger.model import (
    Artifact,
    ArtifactRole,
    Digest,
    Mode,
    Status,
    Trial,
    TrialFinished,
    TrialLost,
    TrialStarted,
)
from ledger.model.codec import encode
from ledger.model.digest import SIZE
from ledger.model.frozen import frozen
from ledger.ops import query
from ledger.ops.columns import FIELD
from ledger.ops.scope import Scope, as_recorded

if TYPE_CHECKING:
    from ledger.journal.held import Held
    from ledger.journal.positions import Log, Logs

_MODE = b"dmode\x19"
_DIGEST = b"fdigestX "
"""Keys as canonical CBOR has them, with what comes next: two bytes of a mode, 32 of a digest."""
_NO_DIGEST = b"fdigest\xf6"
_DIRECTORY = _MODE + Mode.DIRECTORY.to_bytes(2, "big")

_KINDS = (TrialStarted.kind, TrialFinished.kind, TrialLost.kind)

Artifacts = tuple[Artifact, ...]
Told = dict[str, list[Artifacts]]
"""What the entries of a kind have to say of a trial."""


@frozen
class Uses:
    """Trials that had a content, by their numbers in the index, ascending."""

    readers: dict[int, Artifacts]
    """What each read: the content itself, or the files with that content of a directory."""
    makers: dict[int, Artifacts]
    """What each wrote."""


def find(held: "Held", logs: "Logs", content: Digest, get: Callable[[Digest], bytes]) -> Uses:
    """The trials that read or wrote a content, but for those that were taken back.

    Parameters
    ----------
    held, logs
        The index, and the logs that it is of.
    content
        Of a file, or of the Manifest of a directory's files.
    get
        Reads an object; a directory whose files cannot be read has none.

    Raises
    ------
    DamagedIndexError
        If the index is damaged.
    IrregularError
        If a log is, or an artifact is not written as this release writes it.
    """
    told: dict[bytes, Told] = {}
    for log in logs.by_origin.values():
        _Reader(log, content, get).read(told)
    scope = Scope(held, logs, None)
    raw, statuses = scope.ids().tobytes(), _statuses(scope)
    readers: dict[int, Artifacts] = {}
    makers: dict[int, Artifacts] = {}
    for number in np.flatnonzero(scope.present).tolist() if told else ():
        own = told.get(raw[SIZE * number : SIZE * (number + 1)])
        if own is None:
            continue
        found = own.get(_END.get(statuses.get(number, ""), TrialFinished.kind), [])
        if statuses.get(number) == Status.LOST:  # its start may say what its end does not
            found = [_artifacts(_trial(held, logs, number), content, get)]
        read = tuple(one for each in found for one in each if one.role is ArtifactRole.INPUT)
        made = tuple(one for each in found for one in each if one.role is not ArtifactRole.INPUT)
        if read:
            readers[number] = read
        if made:
            makers[number] = made
    return Uses(readers=readers, makers=makers)


_END = {str(Status.RUNNING): TrialStarted.kind, str(Status.LOST): TrialLost.kind}
"""Which entry tells of the files of a trial that stands so; of any other its end does."""


class _Reader:
    """Reads one log."""

    def __init__(self, log: "Log", content: Digest, get: Callable[[Digest], bytes]) -> None:
        self._log, self._content, self._get = log, content, get
        self._known: dict[bytes, Artifacts] = {}

    def read(self, told: dict[bytes, Told]) -> None:
        """Add what the log tells of each trial."""
        for passage in passages(self._log, (_DIGEST + bytes(self._content), _DIRECTORY)):
            if passage.trial is None or passage.kind not in _KINDS:
                continue
            span = _span(passage)
            if span is None:
                continue
            words = passage.content[span[0] : span[1]]
            artifacts = self._known.get(words)
            if artifacts is None:
                artifacts = self._known[words] = self._decoded(passage, words)
            if artifacts:
                told.setdefault(passage.trial, {}).setdefault(passage.kind, []).append(artifacts)

    def _decoded(self, passage: Passage, words: bytes) -> Artifacts:
        payload = self._log.entry(passage.seq).entry.payload
        own: Artifacts = ()
        if isinstance(payload, TrialStarted | TrialFinished | TrialLost):
            own = (*payload.inputs, *(() if isinstance(payload, TrialStarted) else payload.outcome.outputs))
        meant = next((each for each in own if encode(each).startswith(words)), None)
        if meant is None:
            raise IrregularError(f"entry {passage.seq}")
        if passage.which and meant.digest == self._content:
            return ()  # the other pattern finds it, too
        return tuple(_within(meant, self._content, self._get))


def _span(passage: Passage) -> tuple[int, int] | None:
    """From where to where an artifact's bytes say all up to its digest; None where no artifact is meant."""
    content, at = passage.content, passage.at
    if passage.which:
        begin, digest = at, content.find(b"fdigest", at, passage.end)
        if digest < 0 or content[digest : digest + len(_DIGEST)] != _DIGEST:
            return None  # one without a digest
    else:
        begin, digest = content.rfind(_MODE, passage.begin, at), at
        if begin < 0 or any(content.find(each, begin, at) >= 0 for each in (_DIGEST, _NO_DIGEST)):
            return None  # the digest of a stream, or of something else that has no path
    return begin - 1, digest + len(_DIGEST) + SIZE


def _within(artifact: Artifact, content: Digest, get: Callable[[Digest], bytes]) -> Iterator[Artifact]:
    """The artifact, or those of its files that have the content."""
    if artifact.digest == content:
        yield artifact
    elif artifact.digest is not None and is_group(artifact) and artifact.role is ArtifactRole.INPUT:
        try:
            if bytes(content) in get(artifact.digest):
                yield from [each for each in expanded([artifact], get) if each.digest == content]
        except LedgerError:
            return  # `ledger verify` names it


def _artifacts(trial: Trial | None, content: Digest, get: Callable[[Digest], bytes]) -> Artifacts:
    if trial is None:
        return ()
    own = (*trial.inputs, *(trial.outcome.outputs if trial.outcome else ()))
    return tuple(one for each in own for one in _within(each, content, get))


def _trial(held: "Held", logs: "Logs", number: int) -> Trial | None:
    entries = (logs.by_origin[held.origins[log]].entry(seq) for log, seq in held.events(number))
    return next(iter(query.fold(entries).ordered), None)


def _statuses(scope: Scope) -> dict[int, str]:
    found: dict[int, str] = {}
    for piece in scope.column((FIELD, "status")):
        words = {code: str(as_recorded(piece, code)) for code in np.unique(piece.values).tolist()}
        numbers = np.array(piece.numbers).tolist()
        found.update(zip(numbers, map(words.__getitem__, piece.values.tolist()), strict=True))
    return found
