"""How many processors there are for this process."""

import os

import pytest

from ledger import processors


@pytest.mark.skipif(not hasattr(os, "sched_setaffinity"), reason="no affinity on this system")
def test_those_that_it_may_use() -> None:
    allowed = os.sched_getaffinity(0)
    assert processors.allowed() == len(allowed)
    os.sched_setaffinity(0, {min(allowed)})
    try:
        assert processors.allowed() == 1
    finally:
        os.sched_setaffinity(0, allowed)
