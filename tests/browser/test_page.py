"""The table, a trial and the journal, as a person meets them."""

import re

import pytest
from axe_playwright_python.sync_playwright import Axe

from ledger.ops import notes
from ledger.ops.note_subject import Subject
from tests.browsers import wait_for_address

pytestmark = pytest.mark.slow

SCRIPT = """
import sys, ledger
lr = float(sys.argv[1])
ledger.param("lr", lr)
for step in range(100):
    ledger.log(step=step, loss=1 / (1 + lr * step))
print("<b>printed</b>")
open("evil.html", "w").write("<script>document.title = 'owned'</script>")
open("evil.svg", "w").write("<svg xmlns='http://www.w3.org/2000/svg'><script>parent.owned = 1</script></svg>")
"""
NAME = "<img/src=x/onerror=window.owned=1>"


@pytest.fixture
def ledger(project):
    project.write(train=SCRIPT)
    for lr, experiment in ((0.1, "a"), (0.3, "b"), (0.2, "a")):
        project.run("python", "train.py", lr, experiment=experiment, name=f"lr{lr}")
    project.replay(project.trials[0])
    project.run("python", "train.py", 9, name=NAME)
    return project.ledger


def test_values_are_written_so_that_they_can_be_typed_again(page_of, ledger):
    shown = page_of(ledger).open("#/trials")
    script = "script => import(script.src.replace('main.js', 'parts/words.js'))"
    words = f"({script})(document.querySelector('script[type=module]')).then(words => VALUES.map(words.text))"
    values = "[1356611656, 0.1, 7.263e-5, null, 'sgd', true]"
    assert shown.evaluate(words.replace("VALUES", values)) == [
        "1356611656",
        "0.1",
        "7.263e-5",
        "",
        "sgd",
        "true",
    ]


def column(page, place):
    return [row[place] for row in page.cells()]


def test_the_table_filters_sorts_and_keeps_all_of_it_in_the_address(page_of, ledger):
    page = page_of(ledger)
    shown = page.open("#/trials")
    assert column(page, 2) == [NAME, "lr0.2", "lr0.3", "lr0.1"]
    shown.wait_for_selector("regular-table td:text-is('✓')")
    shown.fill("input[name=where]", "lr < 1")
    shown.wait_for_selector(".count:text-is('3 of 4 trials')")
    shown.get_by_role("columnheader", name="lr", exact=True).click()
    shown.wait_for_selector("regular-table tbody tr:first-child:has-text('lr0.1')")
    wait_for_address(shown, "sort=param.lr")
    assert column(page, 2) == ["lr0.1", "lr0.2", "lr0.3"]
    shown.select_option("label:has-text('Group') select", "experiment")
    shown.wait_for_selector("regular-table tbody :text-is('▾ a (2)')")
    address = shown.url
    assert column(page, 2) == ["", "lr0.1", "lr0.2", "", "lr0.3"]
    shown.goto("about:blank")
    shown.goto(address)
    assert column(page, 2) == ["", "lr0.1", "lr0.2", "", "lr0.3"]
    assert shown.input_value("input[name=where]") == "lr < 1"
    shown.click("regular-table :text-is('▾ a (2)')")
    shown.wait_for_selector("regular-table :text-is('▸ a (2)')")
    wait_for_address(shown, "folded=a")
    assert column(page, 2) == ["", "", "lr0.3"]
    shown.focus("regular-table")
    shown.keyboard.press("j")
    shown.keyboard.press("Enter")
    shown.wait_for_selector("regular-table :text-is('▸ b (1)')")
    assert column(page, 2) == ["", ""]
    shown.reload()
    assert column(page, 2) == ["", ""]
    shown.keyboard.press("Tab")
    shown.focus("regular-table")
    shown.keyboard.press("Enter")
    shown.wait_for_selector("regular-table td:text-is('lr0.2')")


def test_a_filter_that_is_off_is_told_beside_the_field(page_of, ledger):
    page = page_of(ledger)
    shown = page.open("#/trials?where=lr+%3E")
    shown.wait_for_selector("#where-problem:has-text('expected a value, got the end')")
    assert shown.get_attribute("input[name=where]", "aria-invalid") == "true"
    assert len(page.cells()) == 4
    assert [each for each in page.errors if "400" not in each] == []
    page.errors.clear()


def test_the_keyboard_leads_from_the_table_to_a_trial(page_of, ledger):
    page = page_of(ledger)
    shown = page.open("#/trials?columns=name")
    page.cells()
    shown.focus("regular-table")
    shown.keyboard.press("ArrowDown")
    shown.keyboard.press("j")
    shown.wait_for_selector("regular-table tr.here:has-text('lr0.3')")
    shown.keyboard.press("/")
    assert shown.evaluate("document.activeElement.name") == "where"
    shown.focus("regular-table")
    shown.keyboard.press("Enter")
    shown.wait_for_selector("h1:has-text('lr0.3')")


def test_a_trial_shows_its_recipe_its_curves_and_how_to_make_it_again(page_of, ledger, project):
    page = page_of(ledger)
    trial = project.trials[0]
    shown = page.open(f"#/trial/{trial.id}")
    shown.wait_for_selector(f".copyable:has-text('ledger replay {trial.id.hex()[:12]}')")
    shown.wait_for_selector("#panel:has-text('identical')")
    assert shown.locator("#panel td a:text-is('0.1')").get_attribute("href") == "#/algorithm?by=lr&is=0.1"
    shown.get_by_role("tab", name="Metrics").click()
    shown.wait_for_selector("figure.curve canvas")
    assert re.match("loss: from 1 to", shown.get_attribute("figure.curve", "aria-label"))
    shown.get_by_role("tab", name="Streams").click()
    shown.wait_for_selector("pre:has-text('<b>printed</b>')")


def test_the_table_and_the_journal_lead_to_experiments(page_of, ledger, project):
    notes.note(project.workspace.journal, "of a", author="ann", subject=Subject(experiments=("a",)))
    page = page_of(ledger)
    for place in ("trials", "journal"):
        shown = page.open(f"#/{place}")
        shown.locator("td a:text-is('a')").first.click()
        shown.wait_for_selector("h1:text-is('a')")


def test_what_was_recorded_can_do_nothing(page_of, ledger, project):
    page = page_of(ledger)
    trial = project.last
    shown = page.open(f"#/trial/{trial.id}?tab=files")
    for path in ("evil.html", "evil.svg"):
        shown.click(f"summary:has-text('{path}')")
        shown.wait_for_selector(f"details:has-text('{path}') pre:has-text('<script>')")
    assert shown.locator("h1").text_content() == NAME
    assert shown.locator("img, iframe, object, embed").count() == 0
    assert shown.evaluate("window.owned") is None
    assert "owned" not in shown.title()
    html = next(each.digest for each in trial.outcome.outputs if each.path == "evil.html")
    answer = shown.request.get(f"{page.address}object/{html}")
    assert answer.status == 400


def test_a_ledger_that_grows_is_shown_without_a_reload(page_of, ledger, project):
    page = page_of(ledger)
    shown = page.open("#/trials?columns=name")
    shown.wait_for_timeout(2500)  # past the first look at how far the ledger goes
    project.run("python", "-c", "", name="newcomer")
    project.workspace.journal.seal()
    shown.wait_for_selector("regular-table td:has-text('newcomer')")
    assert len(page.cells()) == 5


def test_a_ledger_that_seals_and_one_that_is_damaged_keep_the_page_working(page_of, ledger, project):
    page = page_of(ledger)
    shown = page.open("#/trials?columns=name")
    assert len(page.cells()) == 4
    project.workspace.journal.seal()
    shown.wait_for_timeout(2500)
    project.run("python", "-c", "", name="sealed")
    shown.wait_for_selector("regular-table td:has-text('sealed')")
    (segment,) = (project.ledger / "journal").rglob("*.arrow")
    content = segment.read_bytes()
    segment.chmod(0o644)
    segment.write_bytes(content[:100])
    project.run("python", "-c", "", name="late")
    shown.wait_for_selector("regular-table td:has-text('late')")
    shown.evaluate("location.hash = '#/journal'")
    shown.wait_for_selector("h1:text-is('Journal')")
    shown.wait_for_selector("td:text-is('trial.finished')")
    segment.write_bytes(content)
    shown.evaluate("location.hash = '#/trials?columns=name'")
    shown.wait_for_selector("regular-table td:has-text('sealed')")
    assert [each for each in page.errors if "500" not in each and "404" not in each] == []
    page.errors.clear()


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1200])
def test_axe_finds_nothing_serious(page_of, ledger, project, scheme, width):
    page = page_of(ledger, color_scheme=scheme, viewport={"width": width, "height": 700}, bypass_csp=True)
    axe = Axe()
    trial = project.trials[0].id
    places = ["#/trials", "#/trials?group=experiment&colour=metric.loss", f"#/trial/{trial}", "#/journal"]
    places += [f"#/trial/{trial}?tab={tab}" for tab in ("metrics", "streams", "files", "environment")]
    for place in places:
        shown = page.open(place)
        shown.wait_for_timeout(300)
        found = axe.run(shown).response["violations"]
        grave = [each for each in found if each["impact"] in ("serious", "critical")]
        told = [(each["id"], [node["html"][:200] for node in each["nodes"]][:3]) for each in grave]
        assert told == [], place
        wide = shown.evaluate("document.documentElement.scrollWidth")
        assert wide <= width, place
