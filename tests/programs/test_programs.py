"""Real programs, recorded: they run as they do without `ledger`, and what they touched is what strace saw."""

import json
import os
import shutil
import tempfile
from pathlib import Path

import pytest
from real import catalogue
from real.comparing import differences, masked_paths
from real.running import Runner, Way
from real.sources import Sources, UnavailableError

pytestmark = [pytest.mark.programs, pytest.mark.network, pytest.mark.timeout(1800)]

PROGRAMS = catalogue.load()


@pytest.fixture(scope="session")
def cache():
    """Downloads, checked by digest at each first use, and environments; they outlive the session."""
    place = Path(
        os.environ.get("LEDGER_PROGRAMS", f"{tempfile.gettempdir()}/replay-ledger-programs-{os.getuid()}")
    )
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    assert place.stat().st_uid == os.getuid()
    return place


@pytest.fixture(scope="session")
def results():
    """What is written down for the table, where `LEDGER_PROGRAMS_RESULTS` names a file."""
    lines = {}
    yield lines
    if place := os.environ.get("LEDGER_PROGRAMS_RESULTS"):
        Path(place).write_text(json.dumps(list(lines.values()), indent=1, ensure_ascii=False) + "\n", "utf-8")


@pytest.fixture(scope="module", params=PROGRAMS, ids=lambda each: each.id)
def runs(request, cache, results, tmp_path_factory):
    """A program, and its run each way."""
    program = request.param
    if shutil.which("strace") is None:
        pytest.skip("strace is not installed")
    try:
        runner = Runner(program, Sources(cache), cache / "environments", tmp_path_factory.mktemp(program.id))
    except UnavailableError as error:
        pytest.skip(str(error))
    # strace's run comes first and warms the caches of the system for the two whose times are told.
    ran = {way: runner.run(way) for way in (Way.STRACE, Way.BARE, Way.LEDGER)}
    results[program.id] = _line(program, ran)
    return program, ran, runner


def _line(program, ran):
    seen, recorded = ran[Way.STRACE], ran[Way.LEDGER]
    return {
        "program": program.title,
        "source": program.origin,
        "inputs": len(seen.inputs),
        "outputs": len(seen.outputs),
        "accesses_equal": _touched(program, seen) == _touched(program, recorded),
        "behaviour_equal": not differences(program, ran[Way.BARE], recorded),
        "bare_s": round(ran[Way.BARE].seconds, 2),
        "recorded_s": round(recorded.seconds, 2),
    }


def _touched(program, ran):
    return masked_paths(program, ran.inputs), masked_paths(program, ran.outputs)


def test_without_ledger_it_does_the_same_twice(runs):
    program, ran, _ = runs
    assert ran[Way.BARE].exit_code == 0, ran[Way.BARE].stderr[-2000:]
    assert differences(program, ran[Way.STRACE], ran[Way.BARE]) == []


def test_exit_code_streams_and_files_are_the_same(runs):
    program, ran, _ = runs
    assert differences(program, ran[Way.BARE], ran[Way.LEDGER]) == []


def test_inputs_are_what_strace_saw(runs):
    program, ran, _ = runs
    assert ran[Way.STRACE].unread == ()
    assert masked_paths(program, ran[Way.LEDGER].inputs) == masked_paths(program, ran[Way.STRACE].inputs)


def test_outputs_are_what_strace_saw(runs):
    program, ran, _ = runs
    assert masked_paths(program, ran[Way.LEDGER].outputs) == masked_paths(program, ran[Way.STRACE].outputs)


def test_the_record_says_that_it_is_all(runs):
    _, ran, _ = runs
    health = ran[Way.LEDGER].health
    states = {each["part"]: each["state"] for each in health}
    assert states["inputs"] == states["outputs"] == "complete", health


SEEDS = {"as shipped": None, "with --seed": 1}
UNEXPLAINED = "nothing that was observed explains it"


@pytest.mark.parametrize("how", SEEDS)
def test_made_again_elsewhere_it_is_the_same_or_it_is_said_why_not(runs, results, how):
    program, _, runner = runs
    found = runner.replay(SEEDS[how])
    results[program.id][how] = {
        "verdict": found.verdict,
        "why": next(iter((*found.causes, *found.notes)), None),
    }
    assert found.verdict != "incomparable", found
    if found.verdict == "diverged":
        assert found.differences
        assert program.unexplained or not any(each.startswith(UNEXPLAINED) for each in found.causes), found
    expected = program.replays.get(how)
    assert expected is None or found.verdict == expected, found
