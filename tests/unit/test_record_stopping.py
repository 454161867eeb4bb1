"""`ledger.report` where a search may stop the trial, in real processes."""

import json
import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from ledger import record

PACKAGE = Path(record.__file__).parent
REPORTS = """
import ledger
for step in range(1, 21):
    print(int(ledger.report(step, step / 8)), end='', flush=True)
"""


@pytest.fixture
def spool(tmp_path):
    folder = tmp_path / "spool"
    folder.mkdir()
    return folder


def start(spool, text, **variables):
    environment = {**os.environ, "PYTHONPATH": str(PACKAGE.parent), "LEDGER_SPOOL": str(spool), **variables}
    return subprocess.Popen([sys.executable, "-c", text], env=environment, stdout=subprocess.PIPE, text=True)


def run(spool, text, **variables):
    process = start(spool, text, **variables)
    out, _ = process.communicate(timeout=60)
    return process.returncode, out


def stops(spool):
    found = [json.loads(line) for path in spool.glob("events-*") for line in path.read_text().splitlines()]
    return [each["step"] for each in found if each["event"] == "stop"]


def test_nobody_stops_a_trial_without_a_search(spool):
    assert run(spool, REPORTS) == (0, "0" * 20)
    assert stops(spool) == []


def test_a_replay_stops_where_its_trial_was_stopped(spool):
    text = "import ledger\nfor step in (1, 2, 4, 5):\n    print(int(ledger.report(step, 0.5)), end='')\n"
    assert run(spool, text, LEDGER_STOP="3", LEDGER_RUNGS="1,2") == (0, "0011")
    assert stops(spool) == [4]


def test_a_program_that_does_not_heed_is_ended(spool):
    assert run(spool, REPORTS, LEDGER_STOP="3") == (-signal.SIGTERM, "001" + "1" * 4)
    deaf = "import signal\nsignal.signal(signal.SIGTERM, signal.SIG_IGN)\n"
    assert run(spool, deaf + REPORTS, LEDGER_STOP="3") == (-signal.SIGKILL, "001" + "1" * 9)


def test_it_asks_at_each_rung_and_waits_for_the_answer(spool):
    os.mkfifo(spool / "rungs")
    pipe = os.open(spool / "rungs", os.O_RDWR)
    process = start(spool, REPORTS, LEDGER_RUNGS="2,+4")
    try:
        for rung, word in ((2, "go"), (6, "go"), (10, "stop")):
            assert os.read(pipe, 100) == f"{rung} {rung} {rung / 8!r}\n".encode()
            (spool / "new").write_text(word)
            (spool / "new").rename(spool / f"decision-{rung}")
        out, _ = process.communicate(timeout=60)
    finally:
        os.close(pipe)
    assert out == "0" * 9 + "1" * 5
    assert stops(spool) == [10]


def test_a_step_beyond_a_rung_is_at_it_and_another_process_may_have_asked(spool):
    (spool / "decision-9").write_text("stop")
    text = "import ledger\nprint(*(int(ledger.report(step, 1)) for step in (0, 4, 12, 13)))\n"
    assert run(spool, text, LEDGER_RUNGS="1,3,9,27") == (0, "0 0 1 1\n")


def test_without_anybody_who_listens_it_goes_on(spool):
    assert run(spool, REPORTS, LEDGER_RUNGS="1,3,9") == (0, "0" * 20)
    (spool / "gone").mkdir()
    text = f"import shutil; shutil.rmtree({str(spool / 'gone')!r})\n" + REPORTS
    assert run(spool / "gone", text, LEDGER_RUNGS="1,3,9")[0] == 0


def test_a_decision_that_comes_late_is_told_late(spool):
    os.mkfifo(spool / "rungs")
    pipe = os.open(spool / "rungs", os.O_RDWR)
    text = (
        "import ledger, ledger.record\n"
        "ledger.record._PATIENCE_S = 0.01\n"
        "told = [ledger.report(1, 1), ledger.report(2, 1)]\n"
        f"open({str(spool / 'decision-1')!r}, 'w').write('stop')\n"
        "print(*map(int, (*told, ledger.report(3, 1), ledger.report(4, 1))))\n"
    )
    try:
        assert run(spool, text, LEDGER_RUNGS="1,10") == (0, "0 0 1 1\n")
    finally:
        os.close(pipe)
    assert stops(spool) == [3]


@pytest.mark.parametrize("rungs", ["", "x", "1,x,+y", "+3", ",,"])
def test_rungs_that_are_none_stop_nobody(spool, rungs):
    assert run(spool, REPORTS, LEDGER_RUNGS=rungs) == (0, "0" * 20)
