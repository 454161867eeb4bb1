"""Which recorded trials stand for a composed one. What is run for one: test_why, test_seeds."""

from types import SimpleNamespace

from ledger.model import Status
from ledger.model.frozen import replace
from ledger.ops import hybrids


def test_a_trial_that_was_stopped_early_stands_for_none(maker):
    whole = maker.made(metrics={"loss": 0.5})
    stopped = replace(whole, outcome=replace(whole.outcome, status=Status.PRUNED))  # with exit code 0
    known = SimpleNamespace(ordered=(whole, stopped))
    assert hybrids.found(known, whole, maker.store) == (whole,)
