"""The contract of a journal: facts are appended, in order, for ever."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager
from typing import TYPE_CHECKING, Protocol

from ledger.model import Digest, Finding, Head, Payload, Recorded

if TYPE_CHECKING:
    import pyarrow

    from ledger.journal.tree import Tree
    from ledger.journal.trial_index import TrialIndex


class Journal(Protocol):
    """All origins' logs, of which one is this writer's own.

    Any number of processes append at once; readers never wait and see a consistent prefix.
    """

    @property
    def origin(self) -> bytes:
        """Id of the origin that this writer appends to, 16 bytes; made at the first append."""
        ...

    def append(self, payload: Payload, *, time: int | None = None) -> Recorded:
        """Append one fact; it is durable when this returns.

        Parameters
        ----------
        payload
            The fact.
        time
            UTC, nanoseconds since 1970; now where it is None.

        Raises
        ------
        StorageError
            If it could not be made durable. Nobody was told that it is there, so it may or may not be.
        """
        ...

    def entries(self) -> Iterator[Recorded]:
        """All whole entries in merged order (causal by Heads, ties by origin); damaged ones are left out."""
        ...

    def get(self, id: Digest) -> Recorded | None:
        """The entry of that id, if there is one."""
        ...

    def head(self) -> Head:
        """The prefix that is there now."""
        ...

    def is_output(self, path: str, digest: Digest | None) -> bool:
        """Whether an entry here records that content, or with None any, as a trial's output at that path.

        It needs no pyarrow.
        """
        ...

    def outputs(self) -> Callable[[str, Digest | None], bool]:
        """Answers `is_output` for the prefix that is there now, many times at little cost."""
        ...

    def seal(self) -> None:
        """Move the tail into Arrow segments and merge small ones; ids, order and proofs stay as they are."""
        ...

    def table(self) -> "pyarrow.Table":
        """All whole entries as columns: seq, origin, kind, trial, experiment, recipe, time, body, leaf."""
        ...

    def tree(self, origin: bytes) -> "AbstractContextManager[Tree]":
        """The Merkle tree of an origin's log as it is now; of an origin that is not here, an empty one."""
        ...

    def trial_index(self) -> "TrialIndex | None":
        """The index of trials, which may be behind; None where this journal keeps none."""
        ...

    def verify(self) -> list[Finding]:
        """Check every stored byte: frames, leaves, roots, heads. An empty list is a whole journal."""
        ...
