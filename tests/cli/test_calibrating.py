"""``ledger replay -n``."""

import os
import sys

import pytest


@pytest.fixture
def dial(tool):
    """The command line, and what turns a program's results, which no record knows of."""
    path = tool.project.path.parent / "dial"
    path.touch()

    def turn(number):
        os.utime(path, (number, number))

    turn(0)
    tool.project.write(
        train=f"""
        import json, math, os
        turn = int(os.stat({str(path)!r}).st_mtime)
        score = [0.9, 0.9 + 1e-9, math.nan, 0.1][turn]
        json.dump({{"run": os.urandom(4).hex(), "score": score}}, open("result.json", "w"))
        """
    )
    tool("run", "-q", sys.executable, "train.py")
    return turn


def replayed(tool, *words, **options):
    return tool("replay", "@", "--env", "current", *words, **options)


def test_what_varies_is_allowed_from_then_on_and_another_result_is_not(tool, dial):
    dial(1)
    done = replayed(tool, "-n", 2)
    assert "Not allowed" not in done.out
    assert "1 pattern of lines, rtol 1.11e-09, atol 0" in tool("show", "@").out
    assert replayed(tool).lines[0] == "equivalent"
    for number in (2, 3):
        dial(number)
        assert replayed(tool, code=4).lines[0] == "diverged"


def test_nan_in_the_replays_is_refused(tool, dial, accept):
    dial(2)
    done = replayed(tool, "-n", 2, code=4)
    assert "NaN or infinite in 2 of 2" in done.out
    assert "Nothing was recorded." in done.lines
    document = tool.document("replay", "@", "--env", "current", "-n", 2, code=4)
    accept("calibration.v1", document)
    assert document["allowances"] == []
    assert document["varying"][0]["refused"].startswith("NaN and infinity are no amount of noise")
    dial(3)
    assert replayed(tool, code=4).lines[0] == "diverged"
