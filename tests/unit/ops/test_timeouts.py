"""How long a command may run; a timeout that nobody can wait for is refused before anything runs."""

import math
from pathlib import Path

import pytest

from ledger.errors import UsageError
from ledger.ops.attempt import Conditions
from ledger.ops.tune.beginning import Wanted
from ledger.ops.tune.loop import TuneOptions, tune


@pytest.mark.parametrize("seconds", [math.nan, math.inf, 1e300, 0.0, -1.0])
def test_what_cannot_be_waited_for(seconds):
    with pytest.raises(UsageError, match="a bad timeout"):
        Conditions(timeout=seconds)
    wanted = Wanted(name="x", trial_timeout=seconds)
    with pytest.raises(UsageError, match="a bad timeout"):
        tune(None, wanted, TuneOptions(executions=1), directory=Path())


@pytest.mark.parametrize("option", ["timeout", "target"])
def test_a_search_without_an_end(option):
    with pytest.raises(UsageError, match="a bad number") as caught:
        tune(None, Wanted(name="x"), TuneOptions(**{option: math.nan}), directory=Path())
    assert f"--{option}" in caught.value.cause


def test_what_can():
    assert Conditions(timeout=0.5).timeout == 0.5
    assert Conditions().timeout is None
