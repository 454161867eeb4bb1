import pytest

from ledger.capture.accesses import Watched, Watching
from ledger.capture.trace.log import not_copied
from ledger.capture.trace.privileges import lost
from ledger.capture.unseen import warnings


def test_what_somebody_can_change_is_said():
    gaps = (lost(b"/bin/ping", "set-user-id"), not_copied(b"/data", "No space left on device"))
    found = warnings(Watched(by=Watching.TRACER, gaps=gaps), asked=True)
    assert found == [f"inputs may be missing from the record: {each}" for each in gaps]


@pytest.mark.parametrize("by", [Watching.PROBE, Watching.NONE])
def test_a_tracer_that_was_refused(by):
    watched = Watched(by=by, fallback="the system forbids it")
    (found,) = warnings(watched, asked=True)
    assert found.endswith(": the system forbids it")
    assert warnings(watched, asked=False) == []
    assert warnings(Watched(by=by), asked=True) == []


def test_what_lies_in_the_program_is_not():
    watched = Watched(by=Watching.TRACER, network=("10.0.0.1:443",), gaps=("a program used io_uring",))
    assert warnings(watched, asked=True) == []
    assert warnings(Watched(by=Watching.OUTER), asked=True) == []
