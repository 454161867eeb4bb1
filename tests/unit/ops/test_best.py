"""The best trials. Which heads are signed, and how trials are counted: test_prove, test_denominator."""

from types import SimpleNamespace

import pytest

from ledger.errors import IncomparableError, NotFoundError, UsageError
from ledger.model import Head, OriginHead, Status, Tombstone
from ledger.model.proof import SignedHead
from ledger.ops import best as module
from ledger.ops.best import best


@pytest.fixture
def workspace(maker):
    return SimpleNamespace(store=maker.store, journal=maker.journal, directory=maker.folder, foreign=False)


@pytest.fixture
def trials(maker):
    """Some of one experiment, by their loss."""
    found = {
        loss: maker.trial(experiment="digits", metrics={"loss": [(0, 0.0), (1, loss)]})
        for loss in (0.5, 0.25, 1.0)
    }
    maker.trial(experiment="digits", metrics={"loss": float("nan")})
    maker.trial(experiment="digits", metrics={"loss": -1.0}, status=Status.FAILED)
    maker.trial(experiment="digits", metrics={"accuracy": 1.0})
    maker.trial(experiment="other", metrics={"loss": -2.0})
    return found


def test_the_smallest_and_the_largest(workspace, trials):
    found = best(workspace, "digits", "loss", maximize=False)
    assert ([each.id for each in found.ranked], found.values) == ([trials[0.25]], (0.25,))
    found = best(workspace, "digits", "loss", maximize=True, count=9)
    assert found.values == (1.0, 0.5, 0.25)
    assert [each.id for each in found.ranked] == [trials[each] for each in found.values]


def test_a_value_on_the_way(workspace, trials):
    assert best(workspace, "digits", "loss.min", maximize=False).values == (0.0,)


def test_all_that_were_started_are_counted(workspace, trials, maker):
    maker.journal.append(Tombstone(target=trials[0.25], reason="wrong"))
    found = best(workspace, "digits", "loss", maximize=False)
    assert found.values == (0.5,)
    assert (found.now.trials, found.now.removed) == (6, 1)
    assert found.now.statuses == {Status.OK: 5, Status.FAILED: 1}
    assert (found.signed, found.counted) == (None, None)


def test_a_signed_head_counts_what_it_has(workspace, trials, monkeypatch):
    (origin,) = workspace.journal.head().origins
    head = Head(origins=(OriginHead(origin=origin.origin, size=4, root=origin.root),))
    signed = SignedHead(head=head, signatures=())
    monkeypatch.setattr(module.prove, "signed_heads", lambda _: iter([signed]))
    found = best(workspace, "digits", "loss", maximize=False)
    assert (found.signed, found.counted.trials, found.now.trials) == (signed, 2, 6)


def test_without_a_way_to_check_signatures_none_is_told(workspace, trials, monkeypatch):
    def missing(_):
        raise IncomparableError("no ssh-keygen")

    monkeypatch.setattr(module.prove, "signed_heads", missing)
    assert best(workspace, "digits", "loss", maximize=False).signed is None


def test_what_is_not_there(workspace, trials, maker):
    with pytest.raises(UsageError, match=r"no trial has metric\.los"):
        best(workspace, "digits", "los", maximize=False)
    with pytest.raises(NotFoundError, match="no experiment"):
        best(workspace, "digit", "loss", maximize=False)
    maker.trial(experiment="bad", metrics={"loss": 0.5}, status=Status.FAILED)
    with pytest.raises(NotFoundError, match="ended well"):
        best(workspace, "bad", "loss", maximize=False)
