"""An experiment, a data set and an algorithm, as a person meets them."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from tests.browsers import wait_for_address

pytestmark = pytest.mark.slow

SCRIPT = """
import sys, ledger
lr, model, seed = float(sys.argv[1]), sys.argv[2], int(sys.argv[3])
ledger.param("lr", lr)
ledger.param("model", model, role="model")
ledger.param("seed", seed, role="seed")
if model == "net":
    ledger.param("depth", 3 + seed)
open("data.csv").read()
ledger.log(loss=abs(lr - 0.2) + seed / 100 + (model == "net") / 500)
"""
HOSTILE = "<b>x</b>"


@pytest.fixture
def ledger(project):
    project.write(train=SCRIPT)
    (project.path / "data.csv").write_text("a,b\n1,2\n")
    for lr in (0.1, 0.2, 0.4):
        for model in ("tree", "net"):
            for seed in (1, 2):
                project.run("python", "train.py", lr, model, seed, experiment="digits", inputs=("data.csv",))
    project.run("python", "-c", "", experiment=HOSTILE)
    return project.ledger


def rows(shown, number):
    shown.wait_for_selector(f".count:text-is('{number}')")


def test_strokes_fields_and_the_table_brush_together_and_the_address_keeps_it(page_of, ledger, project):
    project.run("python", "train.py", 0.4, "tree", 1)  # of no experiment
    page = page_of(ledger, viewport={"width": 1200, "height": 900})
    shown = page.open("#/experiments")
    shown.get_by_role("link", name="digits").click()
    shown.wait_for_selector("h1:text-is('digits')")
    shown.select_option("label:has-text('Metric') select", "loss")
    shown.wait_for_selector(".best:has-text('mean over 2 seeds')")
    rows(shown, "12 trials")
    # 1. A stroke down the upper half of the first axis.
    box = shown.locator("canvas.axes").bounding_box()
    shown.mouse.move(box["x"] + 46, box["y"] + 40)
    shown.mouse.down()
    shown.mouse.move(box["x"] + 46, box["y"] + 160, steps=4)
    shown.mouse.up()
    shown.wait_for_selector("button:has-text('Clear the brush')")
    wait_for_address(shown, "brush=")
    expect(shown.locator(".trials-part input[name=where]")).to_have_value(re.compile("^lr >= "))
    # 2. Fields, by the keyboard alone.
    shown.click("button:has-text('Clear the brush')")
    rows(shown, "12 trials")
    shown.locator("summary:has-text('Brush by fields')").press("Enter")
    shown.get_by_label("lr from").fill("0.15")
    shown.get_by_label("lr from").press("Tab")
    rows(shown, "8 of 12 trials")
    shown.locator("fieldset:has(legend:text-is('model')) label:has-text('tree') input").press("Space")
    rows(shown, "4 of 12 trials")
    expect(shown.locator(".trials-part input[name=where]")).to_have_value('lr >= 0.15 and model = "tree"')
    # 3. The address alone brings it back; what has no value is one of the choices.
    address = shown.url
    shown.goto("about:blank")
    shown.goto(address)
    rows(shown, "4 of 12 trials")
    shown.locator("summary:has-text('Brush by fields')").click()
    expect(shown.get_by_label("lr from")).to_have_value("0.15")
    shown.fill(".trials-part input[name=where]", "depth is null")
    rows(shown, "6 of 12 trials")
    shown.wait_for_selector("fieldset:has(legend:text-is('depth')) label:has-text('none') input:checked")
    # 4. Fewer axes.
    shown.click("summary:text-is('Axes')")
    shown.locator("details.picker[open] label:has-text('depth') input").uncheck()
    shown.wait_for_selector(".brushes:not(:has(legend:text-is('depth')))")
    wait_for_address(shown, "axes=param.lr")
    # 5. Its curves are those of its own trials, and lead back to it.
    shown.get_by_role("link", name="Curves of all these").click()
    shown.wait_for_selector(".facts:has-text('of experiment digits where depth is null')")
    shown.wait_for_selector("[role=status]:has-text('6 without it')")
    shown.locator(".facts a").click()
    rows(shown, "6 of 12 trials")


def test_each_drawing_has_its_words_and_the_page_follows_the_ledger(page_of, ledger, project):
    page = page_of(ledger, viewport={"width": 1000, "height": 5000})
    shown = page.open("#/experiment/digits?metric=loss")
    for title in ("History of the best", "Seeds", "Two metrics", "Slices"):
        section = f"section[aria-label='{title}']"
        shown.locator(f"{section} summary").first.click()
        shown.wait_for_selector(f"{section} table.plain tbody tr a")
    shown.wait_for_selector("section[aria-label='Importance'] :text('of 12 trials')")
    shown.wait_for_timeout(2500)  # past the first look at how far the ledger goes
    project.run("python", "train.py", 0.3, "tree", 1, experiment="digits")
    rows(shown, "13 trials")
    shown.wait_for_selector("section[aria-label='Importance'] button:has-text('Find it again')")


def test_a_data_set_and_an_algorithm_lead_on_to_their_trials(page_of, ledger, project):
    page = page_of(ledger)
    shown = page.open(f"#/trial/{project.trials[0].id}?tab=files")
    shown.click("summary:has-text('data.csv')")
    shown.click("a:has-text('who else read it')")
    shown.wait_for_selector("h1:text-is('data.csv')")
    shown.wait_for_selector(".facts:has-text('read by 12 trials')")
    shown.wait_for_selector(".preview td:text-is('2')")
    page.open(f"#/trial/{project.trials[0].id}")
    shown.click("table a:text-is('tree')")
    shown.wait_for_selector("h1:text-is('model = tree')")
    shown.select_option("label:has-text('Metric') select", "loss")
    shown.wait_for_selector("td:text-is('0.22')")
    shown.click("[aria-label='Groups'] a:text-is('net')")
    shown.wait_for_selector("h1:text-is('model = net')")


def test_names_are_words_and_never_markup(page_of, ledger):
    page = page_of(ledger)
    shown = page.open("#/experiments")
    shown.click(f"a:text-is('{HOSTILE}')")
    shown.wait_for_selector(f"h1:text-is('{HOSTILE}')")
    assert shown.locator("#view b").count() == 0


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1200])
def test_axe_finds_nothing_serious(page_of, ledger, project, scheme, width):
    page = page_of(ledger, color_scheme=scheme, viewport={"width": width, "height": 4000}, bypass_csp=True)
    axe = Axe()
    digest = next(each.digest for each in project.trials[0].inputs if each.path == "data.csv")
    places = ["#/experiments", "#/experiment/digits", "#/experiment/digits?metric=loss&brush=lr+%3E+0.1"]
    places += [f"#/input/{digest}", "#/algorithm?by=model&metric=loss"]
    for place in places:
        shown = page.open(place)
        shown.wait_for_timeout(700)
        for summary in shown.locator("#view summary").all():
            summary.press("Enter")  # a list of columns may lie above the next one
        found = axe.run(shown).response["violations"]
        grave = [each for each in found if each["impact"] in ("serious", "critical")]
        told = [(each["id"], [node["html"][:200] for node in each["nodes"]][:3]) for each in grave]
        assert told == [], place
        assert shown.evaluate("document.documentElement.scrollWidth") <= width, place
