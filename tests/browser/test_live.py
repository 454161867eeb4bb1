"""What runs, seen while it runs: nothing is loaded again."""

import os
import subprocess
import sys
import time
from contextlib import contextmanager

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.patience import PATIENCE_S

pytestmark = pytest.mark.slow

SCRIPT = """
import os, time, ledger
for step in range(10_000):
    ledger.log(step=step, loss=1 / (1 + step))
    print(f"step {step}", flush=True)
    while step >= 20 and not os.path.exists("go"):
        time.sleep(0.05)
    if step == 40:
        open("far", "w").close()
    if os.path.exists("end"):
        break
    time.sleep(0.01)
"""


@contextmanager
def begun(project, *words):
    """`ledger` in the background."""
    child = subprocess.Popen(
        [sys.executable, "-m", "ledger", *words],
        cwd=project.path,
        env=dict(os.environ),
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    try:
        yield child
    finally:
        child.terminate()
        child.wait(PATIENCE_S)


def waiting_for(project, child):
    """Until the trial has begun."""
    while not project.trials:
        assert child.poll() is None
        time.sleep(0.05)
    return project.last


def test_a_running_trials_curves_and_stream_grow_until_its_end(page_of, project):
    project.write(train=SCRIPT)
    project.workspace  # noqa: B018 - makes the ledger
    with begun(project, "run", "--name", "slow", "--", sys.executable, "train.py") as child:
        trial = waiting_for(project, child)
        page = page_of(project.ledger)
        shown = page.open(f"#/trial/{trial.id}?tab=metrics")
        shown.evaluate("window.same = true")
        shown.wait_for_selector(".facts :text-is('running')")
        shown.wait_for_selector("figure.curve[aria-label*='to 0.047619']")
        (project.path / "go").touch()
        shown.wait_for_selector("figure.curve:not([aria-label*='to 0.047619'])")
        shown.get_by_role("tab", name="Streams").click()
        shown.wait_for_selector("pre:has-text('step 40')")
        (project.path / "end").touch()
        shown.wait_for_selector(".facts :text-is('ok')")
        assert shown.evaluate("window.same") is True
        assert shown.locator(".elapsed").count() == 0


def test_a_running_search_moves_in_the_table(page_of, project):
    project.write(train="import sys, ledger\nledger.log(loss=float(sys.argv[1]))\n")
    project.workspace  # noqa: B018 - makes the ledger
    page = page_of(project.ledger)
    shown = page.open("#/trials")
    shown.wait_for_selector(".count:text-is('0 trials')")
    words = ("tune", "-x", "s", "--minimize", "loss", "-n", "4", "-p", "x=real(0, 1)", "--", sys.executable)
    with begun(project, *words, "train.py", "{x}") as child:
        shown.wait_for_selector(".count:text-matches('^[1-9] trials?$')")
        child.wait(PATIENCE_S)
    shown.wait_for_selector(".count:text-is('4 trials')")


NARROW = 360
SEARCHED = """
import os, sys, time, ledger
for step in range(1_000):
    ledger.log(step=step, loss=float(sys.argv[1]) / (1 + step))
    print("step", step, flush=True)
    while step >= 20 and not os.path.exists(sys.argv[2]):
        time.sleep(0.05)
    if step >= 20:
        break
"""


def grave(page, place):
    """What axe finds on a phone that is serious, in light and in dark, and how much too wide the page is."""
    shown = page.page
    page.open("#/journal")  # so that what comes is shown from its beginning
    page.open(place)
    shown.wait_for_timeout(400)
    found = []
    for scheme in ("light", "dark"):
        shown.emulate_media(color_scheme=scheme)
        for each in Axe().run(shown).response["violations"]:
            if each["impact"] in ("serious", "critical"):
                found.append((scheme, each["id"], [node["html"][:200] for node in each["nodes"]][:3]))
    return found, max(0, shown.evaluate("document.documentElement.scrollWidth") - NARROW)


def test_axe_finds_nothing_serious_while_a_trial_and_a_search_run(page_of, project, tmp_path_factory):
    project.write(train=SEARCHED)
    project.workspace  # noqa: B018 - makes the ledger
    go = tmp_path_factory.mktemp("outside") / "go"  # the trials of a search run in copies of the project
    words = ("tune", "-x", "s", "--minimize", "loss", "-n", "3", "-p", "x=real(0, 1)", "--", sys.executable)
    with begun(project, *words, "train.py", "{x}", go) as child:
        trial = waiting_for(project, child)
        page = page_of(project.ledger, bypass_csp=True, viewport={"width": NARROW, "height": 700})
        page.open(f"#/trial/{trial.id}").wait_for_selector(".facts :text-is('running')")
        places = [f"#/trial/{trial.id}?tab={tab}" for tab in ("recipe", "metrics", "streams")]
        places += ["#/experiment/s", "#/experiments", "#/trials", "#/curves?experiment=s&metric=loss"]
        for place in places:
            assert grave(page, place) == ([], 0), place
        assert project.last.outcome is None  # it ran all the while
        go.touch()
        child.wait(120)
    assert len(project.trials) == 3


def test_what_comes_right_after_the_page_was_opened_is_shown(page_of, project):
    project.workspace  # noqa: B018 - makes the ledger
    page = page_of(project.ledger)
    shown = page.open("#/trials")
    shown.wait_for_selector(".count:text-is('0 trials')")
    with begun(project, "run", "--", sys.executable, "-c", "pass") as child:
        assert child.wait(PATIENCE_S) == 0
    shown.wait_for_selector(".count:text-is('1 trial')")
