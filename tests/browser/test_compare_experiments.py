"""Experiments beside each other, as a person meets them; and the scale of a metric that spans decades."""

import os
import sys
import time

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from ledger.ops import query
from tests.browser.test_live import begun, waiting_for
from tests.browsers import wait_for_address

pytestmark = pytest.mark.slow

SCRIPT = """
import sys, ledger
lr, seed = float(sys.argv[1]), int(sys.argv[2])
ledger.param("lr", lr)
ledger.param("seed", seed, role="seed")
ledger.log(loss=10 ** (-5 * lr) + SHIFT + seed / 1e4, accuracy=1 - lr - SHIFT)
"""
HOSTILE = "<b>x</b>"


@pytest.fixture
def ledger(project):
    for name, shift in (("sgd", "0.1"), ("adam", "0.0"), (HOSTILE, "0.05")):
        project.write(train=SCRIPT.replace("SHIFT", shift))
        for lr in (0.1, 0.9):
            for seed in (1, 2):
                project.run("python", "train.py", lr, seed, experiment=name)
    return project.ledger


def test_two_are_chosen_compared_and_noted_on(page_of, ledger, project):
    page = page_of(ledger, "--write", viewport={"width": 1200, "height": 1000})
    shown = page.open("#/experiment/sgd?metric=loss")
    shown.get_by_role("link", name="Compare with another experiment").click()
    # 1. By the keyboard alone.
    shown.get_by_label("Choose adam").press("Space")
    shown.wait_for_selector(".chosen:has-text('2 chosen')")
    assert shown.get_by_label("Choose adam").evaluate("box => box === document.activeElement")
    shown.get_by_role("link", name="compare", exact=True).press("Enter")
    shown.wait_for_selector("h1:text-is('Diff of experiments')")
    shown.wait_for_selector("h2:text-is('Metrics compared')")
    shown.wait_for_selector(".plots figure.curve >> nth=1")
    assert shown.locator(".plots figure.curve").count() == 2
    shown.wait_for_selector("th:text-is('P(adam higher)')")  # of no metric it is known what is better
    shown.wait_for_selector("th:text-is('P(adam better)')")  # of costs it is
    # 2. One metric, and the way in which it is good.
    shown.select_option("label:has-text('Metric') select", "loss")
    shown.wait_for_selector("strong:has-text('adam is better by')")
    shown.select_option("label:has-text('Direction') select", "maximize")
    shown.wait_for_selector("strong:has-text('sgd is better by')")
    shown.wait_for_selector("td:has-text('P(adam better)')")
    shown.wait_for_selector("code:has-text('ledger diff sgd adam --maximize loss')")
    # 3. The code, and a note that comes back with the address.
    shown.wait_for_selector("pre.code .minus:has-text('0.1')")
    shown.wait_for_selector("pre.code .plus:has-text('0.0')")
    shown.locator(".note-form textarea").fill("adam it is")
    shown.locator(".note-form textarea").press("Control+Enter")
    shown.wait_for_selector(".note:has-text('adam it is')")
    (note,) = query.load(project.workspace.journal).standing_notes
    assert note.experiments == ("sgd", "adam")
    shown.reload()
    shown.wait_for_selector(".note:has-text('adam it is')")
    # 4. It follows the ledger, and leads to trials' diffs and back.
    shown.wait_for_timeout(2500)  # past the first look at how far the ledger goes
    project.run("python", "train.py", 0.1, 3, experiment="adam")
    shown.wait_for_selector("[aria-label='loss'] td:text-is('5')")
    a, b = (str(each.id) for each in project.trials[:2])
    before = shown.url
    shown.goto(f"{page.address}#/diff?of={a},{b}")
    shown.wait_for_selector("h1:text-is('Diff')")
    shown.go_back()
    shown.wait_for_selector("h1:text-is('Diff of experiments')")
    assert shown.url == before


def test_three_are_a_table_and_names_are_words(page_of, ledger):
    page = page_of(ledger)
    shown = page.open("#/experiments")
    for name in ("sgd", "adam", HOSTILE):
        shown.get_by_label(f"Choose {name}").check()
    shown.get_by_role("link", name="compare", exact=True).click()
    shown.wait_for_selector("h2:text-is('Each two')")
    shown.select_option("label:has-text('Metric') select", "loss")
    shown.wait_for_selector("strong:has-text('adam has the best mean of loss')")
    shown.wait_for_selector("h2:text-is('Each two, by loss')")
    assert shown.locator("[aria-label='Each two'] tbody tr").count() == 3
    shown.wait_for_selector("td:text-is('on the front')")
    assert shown.locator("#view b").count() == 0


def test_what_cannot_be_compared_is_told_and_the_page_stays(page_of, ledger, project):
    page = page_of(ledger)
    shown = page.page
    shown.goto(page.address + '#/diff?experiments=["sgd","adam"]')
    shown.wait_for_selector("h2:text-is('Metrics compared')")
    shown.evaluate("location.hash = '#/diff?experiments=' + encodeURIComponent('[\"sgd\",\"sdg\"]')")
    shown.wait_for_selector(".problem:has-text('sdg')")
    shown.go_back()
    shown.wait_for_selector("h2:text-is('Metrics compared')")
    page.errors.clear()  # the browser tells of the answer 404, too


def test_a_metric_that_spans_decades_has_a_scale_that_the_address_keeps(page_of, ledger):
    page = page_of(ledger, viewport={"width": 1000, "height": 4000})
    shown = page.open("#/experiment/adam?metric=loss")
    history = shown.locator("section[aria-label='History of the best']")
    history.get_by_label("Scale of loss").select_option("log")
    wait_for_address(shown, "scale=log")
    slices = shown.locator("section[aria-label='Slices']")
    shown.wait_for_function("document.querySelectorAll('label select').length > 3")
    expect(slices.get_by_label("Scale of loss")).to_have_value("log")
    shown.reload()
    history.get_by_label("Scale of loss").wait_for()
    expect(history.get_by_label("Scale of loss")).to_have_value("log")
    # What lies close together has no switch.
    page.open("#/experiment/adam?metric=accuracy")
    shown.wait_for_selector("section[aria-label='History of the best'] figure")
    assert shown.get_by_label("Scale of accuracy").count() == 0


RUNNING = """
import os, time, ledger
for step in range(10_000):
    ledger.log(step=step, loss=1 / (1 + step))
    while step >= 20 and not os.path.exists("go"):
        time.sleep(0.05)
    if os.path.exists("go"):
        break
"""


def test_a_trial_that_runs_is_noted_on_at_a_step_of_its_curve(page_of, project):
    project.write(train=RUNNING + "ledger.log(late=1.0, step=0)\n")
    project.workspace  # noqa: B018 - makes the ledger
    with begun(project, "run", "--name", "slow", "--", sys.executable, "train.py") as child:
        trial = waiting_for(project, child)
        page = page_of(project.ledger, "--write")
        shown = page.open(f"#/trial/{trial.id}?tab=metrics")
        shown.wait_for_selector("figure.curve[aria-label*='to 0.047619']")
        plot = shown.locator("figure.curve .u-over")
        plot.wait_for()
        box = plot.bounding_box()
        shown.mouse.move(box["x"] + box["width"] / 2, box["y"] + 20)
        shown.mouse.click(box["x"] + box["width"] / 2, box["y"] + 20)
        form = shown.locator(".note-form")
        expect(form.get_by_label("What it is on")).to_have_value("loss")
        assert 8 <= int(form.get_by_label("Step of the metric").input_value()) <= 12
        form.locator("textarea").fill("half way")
        form.locator("textarea").press("Control+Enter")
        shown.wait_for_selector(".noted button:has-text('at step')")
        # What it logs at its end can be noted on without a reload.
        shown.wait_for_timeout(2500)  # past the first look at how far the ledger goes
        shown.evaluate("window.same = true")
        (project.path / "go").touch()
        shown.wait_for_selector(".facts :text-is('ok')")
        shown.wait_for_selector(".note-form option:text-is('late')", state="attached")
        assert shown.evaluate("window.same") is True


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1200])
def test_axe_finds_nothing_serious(page_of, ledger, scheme, width):
    page = page_of(ledger, color_scheme=scheme, viewport={"width": width, "height": 4000}, bypass_csp=True)
    axe = Axe()
    for place in (
        '#/experiments?chosen=["sgd"]',
        '#/diff?experiments=["sgd","adam"]',
        '#/diff?experiments=["sgd","adam"]&metric=loss',
        '#/diff?experiments=["sgd","adam","<b>x</b>"]&metric=loss',
    ):
        shown = page.open(place)
        shown.wait_for_selector("#view table, #view .chosen")
        shown.wait_for_timeout(500)
        if os.environ.get("SCREENSHOTS"):
            name = f"{os.environ['SCREENSHOTS']}/{scheme}-{width}-{time.time():.0f}.png"
            shown.screenshot(path=name, full_page=True)
        found = axe.run(shown).response["violations"]
        grave = [each for each in found if each["impact"] in ("serious", "critical")]
        told = [(each["id"], [node["html"][:200] for node in each["nodes"]][:3]) for each in grave]
        assert told == [], place
        assert shown.evaluate("document.documentElement.scrollWidth") <= width, place
