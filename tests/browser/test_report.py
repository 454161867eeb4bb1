"""A report's page in a real browser, opened from disk."""

import os
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.patience import PATIENCE_MS
from tests.searches import proposals, search
from tests.unit.conftest import Maker

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """A report whose every text would run, fetch or break something if it were let."""
    from types import SimpleNamespace

    from ledger.model import HealthLine, HealthState, Note, Verdict
    from ledger.model.config import Config
    from ledger.reports.forms import make

    folder = tmp_path_factory.mktemp("report")
    maker = Maker(folder)
    attack = (
        "</script><script>document.title='run'</script>"
        "<img src=http://127.0.0.1:9/x onerror=\"document.title='run'\">"
    )
    ids = [
        maker.trial(
            experiment=attack,
            name=f"{attack}." if (lr, seed) == (0.1, 1) else None,
            params={"lr": lr, attack: attack if seed == 1 else "b", "seed": seed},
            metrics={attack: [(step, lr + seed / (step + 1)) for step in range(50)], "loss": lr + seed},
            health=(HealthLine(part="inputs", state=HealthState.PARTIAL, reason=attack),),
            argv=("python", attack),
        )
        for lr in (0.1, 0.2, 0.3, 0.4)
        for seed in (1, 2, 3)
    ]
    maker.replay(ids[0])
    maker.replay(ids[1], Verdict.DIVERGED)
    text = f"{attack}\n\n![x](http://127.0.0.1:9/y.png) [link](javascript:document.title='run') **bold**"
    maker.journal.append(Note(trial=ids[0], text=text, author=attack), time=maker.clock)
    wide = f"```\n{'wide ' * 200}\n```\n\n| {' | '.join('abc' * 20)} |\n{'|---' * 60}|\n\n{'long' * 200}\n"
    for each in (
        Note(trial=ids[0], metric="loss", step=0, text=wide, author="a"),
        Note(trial=ids[0], against=(ids[3],), text="# A heading\n\nonly *lr*", author="a"),
    ):
        maker.journal.append(each, time=maker.clock)
    maker.store.flush()
    workspace = SimpleNamespace(
        store=maker.store, journal=maker.journal, directory=maker.folder, foreign=False, config=Config()
    )
    file = folder / "report.html"
    file.write_bytes(make(workspace, [attack], minimize="loss").content)
    return file


@pytest.fixture(scope="module")
def front(tmp_path_factory):
    """A report of a search for two metrics."""
    from types import SimpleNamespace

    from ledger.model.config import Config
    from ledger.model.space import Objective
    from ledger.reports.forms import make

    folder = tmp_path_factory.mktemp("front")
    maker = Maker(folder)
    objectives = Objective(metric="loss"), Objective(metric="size")
    values = [(place / 40, 40 - place if place % 2 else 50) for place in range(40)]
    for (lr, size), id in zip(
        values, proposals(maker, search(*objectives), [lr for lr, _ in values]), strict=True
    ):
        metrics = {"loss": lr + 0.1, "size": float(size)}
        maker.trial(experiment="tuned", proposal=id, params={"lr": lr}, metrics=metrics)
    maker.store.flush()
    workspace = SimpleNamespace(
        store=maker.store, journal=maker.journal, directory=maker.folder, foreign=False, config=Config()
    )
    file = folder / "front.html"
    file.write_bytes(make(workspace, ["tuned"]).content)
    return file


@pytest.fixture
def opened(browser, report):
    """Return a function: options of a context → the page, and what it asked for and complained of."""
    contexts = []

    def make(file=report, **options):
        context = browser.new_context(**options)
        contexts.append(context)
        page = context.new_page()
        page.set_default_timeout(PATIENCE_MS)
        asked, said = [], []
        page.on("request", lambda request: asked.append(request.url))
        page.on("console", lambda message: said.append(f"{message.type}: {message.text}"))
        page.on("pageerror", lambda error: said.append(str(error)))
        page.goto(file.as_uri())
        page.wait_for_load_state("networkidle")
        return page, asked, said

    yield make
    for each in contexts:
        each.close()


@pytest.mark.parametrize("scripts", [True, False])
def test_it_asks_for_nothing_and_nothing_in_it_runs(opened, report, scripts):
    page, asked, said = opened(java_script_enabled=scripts)
    assert asked == [report.as_uri()]
    assert said == []
    assert page.title() != "run"
    assert page.locator("#table tbody tr").count() == 12
    assert page.locator("#curves svg path.line").count() == 12 + 12  # the legend's, too
    assert page.locator("#seeds circle").count() == 8
    assert page.locator(".note strong").inner_text() == "bold"
    assert page.locator("img").count() == 0
    assert page.locator("a[href^=javascript]").count() == 0


def test_the_table_is_sorted_and_searched(opened):
    page, _, said = opened()
    place = page.locator("#table thead th").all_inner_texts().index("loss")

    def values():
        return [float(row.split("\t")[place]) for row in page.locator("#table tbody tr").all_inner_texts()]

    before = values()
    page.get_by_role("button", name="loss", exact=True).click()
    assert values() == sorted(before)
    page.get_by_role("button", name="loss", exact=True).click()
    assert values() == sorted(before, reverse=True)
    page.get_by_label("Find").fill("diverged")
    assert page.locator("#table tbody tr:visible").count() == 1
    assert said == []


def test_a_curve_stands_out_and_a_proof_is_saved(opened):
    page, _, said = opened()
    item = page.locator(".legend li").nth(2)
    item.focus()
    name = item.get_attribute("data-curve")
    assert page.locator(".line.on").count() == 1
    assert page.locator(".line.on").get_attribute("data-curve") == name
    with page.expect_download() as caught:
        page.get_by_role("button", name="save the proof").first.click()
    from ledger.ops import proofs

    assert proofs.check(Path(caught.value.path()).read_bytes()).trial.experiment
    assert said == []


@pytest.mark.parametrize("width", [360, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_fits_a_phone_and_follows_the_scheme(opened, width, scheme, tmp_path):
    # Axe is a script of its own, which the page's policy would refuse.
    page, _, _ = opened(viewport={"width": width, "height": 800}, color_scheme=scheme, bypass_csp=True)
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    ground = page.evaluate("getComputedStyle(document.documentElement).backgroundColor")
    assert ground == ("rgb(255, 255, 255)" if scheme == "light" else "rgb(20, 24, 29)")
    folder = os.environ.get("SCREENSHOTS")
    page.screenshot(path=Path(folder or tmp_path) / f"report-{scheme}-{width}.png", full_page=True)
    assert grave(page) == []
    page.get_by_role("button", name="light or dark").click()
    assert page.evaluate("getComputedStyle(document.documentElement).backgroundColor") != ground


@pytest.mark.parametrize("width", [360, 1280])
def test_drawings_of_a_search_are_there_and_fit(opened, front, width, tmp_path):
    page, asked, said = opened(front, viewport={"width": width, "height": 800}, bypass_csp=True)
    assert asked == [front.as_uri()]
    assert said == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    assert page.locator("#best circle").count() == 21
    assert page.locator("#slices .plot svg").count() == 2
    # A dot, which is a line of no length, is drawn: there is ink where the first one lies.
    dots = page.locator("#slices .dots").first
    box = page.locator("#slices svg").first.bounding_box()
    assert box["x"] + box["width"] <= width
    spot = dots.evaluate(
        """(path) => {
          path.scrollIntoView({ block: "center" });
          const at = path.getPointAtLength(0).matrixTransform(path.getScreenCTM());
          return [at.x, at.y];
        }"""
    )
    hit = page.evaluate("([x, y]) => document.elementFromPoint(x, y).getAttribute('class')", spot)
    assert hit == "dots"
    folder = os.environ.get("SCREENSHOTS")
    page.screenshot(path=Path(folder or tmp_path) / f"front-{width}.png", full_page=True)
    assert grave(page) == []


def grave(page):
    """What axe finds that is serious or critical."""
    found = [
        each for each in Axe().run(page).response["violations"] if each["impact"] in ("serious", "critical")
    ]
    return [(each["id"], [node["html"][:200] for node in each["nodes"]][:3]) for each in found]
