"""Which proposal each trial is made from is what reading all trials tells."""

import pytest

from ledger.model import Digest
from ledger.ops import proposed
from ledger.ops.indexed import asked


@pytest.mark.parametrize("sealed", [False, True])
def test_it_is_what_reading_all_trials_tells(maker, sealed):
    for number in range(3):
        maker.trial(proposal=Digest.of(b"%d" % number))
    maker.start(proposal=Digest.of(b"runs"))
    maker.trial(message="hproposalX and then")
    maker.trial()
    if sealed:
        maker.journal.seal()
    found = asked(maker.journal, lambda _, logs: proposed.proposals(logs))
    told = {each.id: each.proposal for each in maker.trials if each.proposal is not None}
    assert len(told) == 4
    assert {id: found.get(id) for id in told} == told
