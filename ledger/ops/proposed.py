"""Which proposal each trial is made from, by the bytes of the entries: none of them is decoded."""

from typing import TYPE_CHECKING

from ledger.journal.passages import passages
from ledger.model import Digest, TrialStarted
from ledger.model.digest import SIZE

if TYPE_CHECKING:
    from ledger.journal.positions import Logs

_PROPOSAL = b"hproposalX "
"""The key as canonical CBOR has it, in front of the 32 bytes of a digest."""


def proposals(logs: "Logs") -> dict[Digest, Digest]:
    """The proposal of each trial that has one, be the trial taken back or not.

    Raises
    ------
    IrregularError
        If a log is not whole.
    """
    found: dict[Digest, Digest] = {}
    for log in logs.by_origin.values():
        for passage in passages(log, (_PROPOSAL,)):
            begin = passage.at + len(_PROPOSAL)
            if passage.kind == TrialStarted.kind and passage.trial and begin + SIZE <= passage.end:
                found[Digest(passage.trial)] = Digest(passage.content[begin : begin + SIZE])
    return found
