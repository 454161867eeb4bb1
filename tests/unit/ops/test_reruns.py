"""Trials that are run again. What comes of real ones: test_seeds, test_robustness."""

import pytest

from ledger.errors import UsageError
from ledger.ops import reruns
from ledger.ops.attempt import Conditions


@pytest.mark.parametrize("jobs", [0, -1])
def test_jobs_that_would_never_end_are_refused(jobs):
    with pytest.raises(UsageError, match="a bad number of jobs"):
        reruns.have(None, None, (), Conditions(), jobs=jobs)
