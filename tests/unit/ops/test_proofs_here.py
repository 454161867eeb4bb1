"""A proof's head against the ledger at hand."""

from types import SimpleNamespace

import pytest

from ledger.errors import MismatchError
from ledger.model import Digest
from ledger.model.frozen import replace
from ledger.ops.proofs_here import goes_on_from


@pytest.fixture
def at_hand(maker):
    return SimpleNamespace(journal=maker.journal, directory=maker.folder)


def test_a_ledger_goes_on_from_its_earlier_heads(at_hand, maker):
    maker.trial()
    head = maker.journal.head()
    assert goes_on_from(at_hand, head, "x")
    maker.trial()
    assert goes_on_from(at_hand, head, "x")


def test_of_what_it_has_not_all_of_it_says_nothing(at_hand, maker):
    maker.trial()
    (own,) = maker.journal.head().origins
    later = replace(own, size=own.size + 1)
    other = replace(own, origin=bytes(16))
    for each in ((later,), (other,), (own, other)):
        origins = tuple(sorted(each, key=lambda one: one.origin))
        assert not goes_on_from(at_hand, replace(maker.journal.head(), origins=origins), "x")


def test_another_log_of_the_same_origin_is_a_mismatch(at_hand, maker):
    maker.trial()
    head = maker.journal.head()
    (own,) = head.origins
    changed = replace(head, origins=(replace(own, root=Digest.of(b"other")),))
    with pytest.raises(MismatchError, match="not of the ledger at hand") as caught:
        goes_on_from(at_hand, changed, "report.html")
    assert str(own.root) in caught.value.cause
