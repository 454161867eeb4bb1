"""Several trials: chosen in the table, their curves over each other, and side by side."""

import re
import time

import pytest
from axe_playwright_python.sync_playwright import Axe

from tests.browsers import wait_for_address
from tests.patience import PATIENCE_S

pytestmark = pytest.mark.slow

SCRIPT = """
import struct, sys, zlib, ledger
lr = float(sys.argv[1])
ledger.param("lr", lr)
for step in range(100):
    ledger.log(step=step, loss=1 / (1 + lr * step), accuracy=1 - 1 / (1 + lr * step))
open("out.csv", "w").write("a,b\\n1,%s\\n" % sys.argv[1])
rows = b"".join(b"\\0" + bytes([int(lr * 9), 90, 200]) * 8 for _ in range(8))
def chunk(kind, body):
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))
head = struct.pack(">IIBBBBB", 8, 8, 8, 2, 0, 0, 0)
image = chunk(b"IHDR", head) + chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
open("image.png", "wb").write(b"\\x89PNG\\r\\n\\x1a\\n" + image)
open("evil.html", "w").write("<script>window.owned = %s</script>" % sys.argv[1])
"""
DRAWN = "performance.getEntriesByName('curves drawn').length"
NAME = "<img/src=x/onerror=window.owned=1>"


@pytest.fixture
def ledger(project):
    project.write(train=SCRIPT)
    for lr in (0.1, 0.2, 0.3):
        project.run("python", "train.py", lr, name=f"lr{lr}")
    project.write(train=SCRIPT + "# <b>new</b>\n")
    project.run("python", "train.py", 9, name=NAME)
    return project.ledger


def short(trial):
    return trial.id.hex()[:12]


def test_what_is_chosen_stays_in_the_address_and_leads_to_a_comparison(page_of, ledger, project):
    page = page_of(ledger)
    shown = page.open("#/trials")
    page.cells()
    shown.focus("regular-table")
    shown.keyboard.press("ArrowDown")
    shown.keyboard.press("x")
    shown.wait_for_selector(".chosen:has-text('1 chosen')")
    shown.locator("tr:has-text('lr0.1') input[type=checkbox]").click()
    shown.wait_for_selector(".chosen:has-text('2 chosen')")
    address = shown.url
    shown.goto("about:blank")
    shown.goto(address)
    shown.wait_for_selector("tr:has-text('lr0.3') input:checked")
    assert shown.locator("tbody input:checked").count() == 2
    shown.get_by_role("link", name="compare").click()
    shown.wait_for_selector("h1:text-is('Diff')")
    assert shown.locator(".facts a").all_text_contents() == [
        f"{each.name} ({each.id.short[:8]})" for each in (project.trials[2], project.trials[0])
    ]
    shown.go_back()
    shown.wait_for_selector(".chosen:has-text('2 chosen')")
    shown.get_by_role("button", name="none").click()
    shown.wait_for_selector(".chosen:has-text('Curves of all these')")


def await_pointed(shown, share, low, high):
    """Wait until the step there is within bounds: what was asked for has been drawn."""
    end = time.monotonic() + PATIENCE_S
    while (step := pointed(shown, share)) is None or not low <= step <= high:
        assert time.monotonic() < end, step


def pointed(shown, share):
    """The step at which the page says that the pointer is, near some curve at that share of the width."""
    over = shown.locator(".u-over").bounding_box()
    for down in range(20):
        shown.mouse.move(over["x"] + over["width"] * share, over["y"] + over["height"] * down / 20)
        found = re.search(r"at step (\d+)", shown.text_content(".said-of"))
        if found:
            return int(found[1])
    return None


def test_curves_of_what_the_filter_keeps_are_drawn_named_and_lit(page_of, ledger):
    page = page_of(ledger)
    shown = page.open("#/trials?where=lr+%3C+1")
    shown.get_by_role("link", name="Curves of all these").click()
    shown.wait_for_selector(".overlay canvas")
    shown.get_by_role("status").filter(has_text="accuracy of 3 trials").wait_for(state="attached")
    shown.select_option("select[name=metric]", "loss")
    shown.wait_for_selector(".plot[aria-label='loss of 3 trials by step']")
    shown.check("input[name=log-y]")
    shown.select_option("select[name=x]", "time")
    shown.wait_for_selector(".plot[aria-label='loss of 3 trials by time']")
    shown.fill("input[name=smooth]", "0.9")
    shown.wait_for_selector("#smoothing:has-text('Kingma and Ba')")
    wait_for_address(shown, "metric=loss", "log=y", "x=time", "smooth=0.9")
    shown.focus(".legend a:text-is('lr0.2')")
    shown.wait_for_selector(".legend li.lit:has-text('lr0.2')")
    shown.select_option("select[name=x]", "step")
    shown.wait_for_selector(".plot[aria-label='loss of 3 trials by step']")
    await_pointed(shown, 0.98, 90, 99)
    over = shown.locator(".u-over").bounding_box()
    shown.mouse.move(over["x"] + 1, over["y"] + 1)
    shown.mouse.down()
    shown.mouse.move(over["x"] + over["width"] / 2, over["y"] + over["height"] - 1, steps=5)
    shown.mouse.up()
    await_pointed(shown, 0.98, 40, 50)
    drawn = shown.evaluate(DRAWN)
    shown.fill("input[name=smooth]", "0.5")
    while shown.evaluate(DRAWN) == drawn:
        shown.wait_for_timeout(50)
    await_pointed(shown, 0.98, 40, 50)
    shown.click(".legend a:text-is('lr0.1')")
    shown.wait_for_selector("h1:has-text('lr0.1')")


def test_two_trials_side_by_side(page_of, ledger, project):
    page = page_of(ledger)
    a, b = project.trials[0], project.trials[3]
    shown = page.open(f"#/diff?of={short(a)},{short(b)}")
    shown.wait_for_selector(".code .plus:text-is('+# <b>new</b>')")
    assert "other hyperparameters, code" in shown.text_content("p:has(strong)")
    assert shown.text_content("tr:has(th:text-is('lr'))") == "lr0.19"
    shown.wait_for_selector(f".legend a:text-is('{NAME}')")
    shown.click("summary:has-text('out.csv')")
    shown.wait_for_selector("details:has-text('out.csv') .sides td")
    assert shown.locator("details:has-text('out.csv') .sides td").all_text_contents() == [
        "1",
        "0.1",
        "1",
        "9",
    ]
    shown.click("summary:has-text('evil.html')")
    shown.wait_for_selector("details:has-text('evil.html') pre:has-text('owned = 9')")
    assert shown.locator("main img, iframe").count() == 0
    shown.click("summary:has-text('image.png')")
    shown.wait_for_selector("section:nth-child(2) img[alt='image.png']")
    shown.wait_for_function("[...document.querySelectorAll('.sides img')].every(each => each.complete)")
    assert shown.eval_on_selector_all(".sides img", "all => all.map(each => each.naturalWidth)") == [8, 8]
    shown.select_option("select", "loss")
    shown.wait_for_selector(".plot[aria-label='loss of 2 trials by step']")
    wait_for_address(shown, "metric=loss")
    assert shown.evaluate("window.owned") is None


def test_three_trials_are_a_table_of_what_is_not_as_in_the_first(page_of, ledger, project):
    page = page_of(ledger)
    shown = page.open("#/diff?of=" + ",".join(map(short, project.trials[:3])))
    row = shown.locator("tr:has(th:text-is('lr'))")
    row.locator("td").nth(2).wait_for()
    assert row.locator("td").all_text_contents() == ["0.1", "≠ 0.2", "≠ 0.3"]
    shown.wait_for_selector(".plot[aria-label='accuracy of 3 trials by step']")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1200])
def test_axe_finds_nothing_serious(page_of, ledger, project, scheme, width):
    page = page_of(ledger, color_scheme=scheme, viewport={"width": width, "height": 700}, bypass_csp=True)
    axe = Axe()
    ids = [short(each) for each in project.trials]
    places = [f"#/trials?chosen={ids[0]},{ids[1]}", "#/curves?where=lr+%3C+1&metric=loss&smooth=0.5&log=x"]
    places += [f"#/diff?of={','.join(ids[1:])}", f"#/diff?of={ids[0]},{ids[3]}"]
    for place in places:
        shown = page.open(place)
        shown.wait_for_timeout(500)
        found = axe.run(shown).response["violations"]
        grave = [each for each in found if each["impact"] in ("serious", "critical")]
        told = [(each["id"], [node["html"][:200] for node in each["nodes"]][:3]) for each in grave]
        assert told == [], place
        assert shown.evaluate("document.documentElement.scrollWidth") <= width, place
