"""All views with the keyboard alone: what has the focus can be seen, and leads on."""

import pytest

pytestmark = pytest.mark.slow

SCRIPT = """
import sys, ledger
lr = float(sys.argv[1])
ledger.param("lr", lr)
for step in range(10):
    ledger.log(step=step, loss=1 / (1 + lr * step))
open("made.csv", "w").write("a,b\\n1,2\\n")
open("read.csv")
"""
MOST = 60
"""Presses of Tab to what is looked for."""
FOCUS = """selector => {
  const has = document.activeElement;
  const style = getComputedStyle(has);
  return [has.matches(selector), has === document.body || style.outlineStyle !== "none",
          has.outerHTML.slice(0, 120)];
}"""


@pytest.fixture
def ledger(project):
    project.write(train=SCRIPT)
    (project.path / "read.csv").write_text("a,b\n1,2\n")
    for lr in (0.1, 0.3, 0.2):
        project.run("python", "train.py", lr, experiment="a", name=f"lr{lr}")
    return project.ledger


class Keys:
    """Somebody without a mouse."""

    def __init__(self, shown):
        self.shown = shown

    def to(self, selector):
        """Tab to what a selector means; all that has the focus on the way can be seen to have it."""
        for _ in range(MOST):
            self.press("Tab")
            there, seen, what = self.shown.evaluate(FOCUS, selector)
            assert seen, what
            if there:
                return
        raise AssertionError(f"{selector} is not reached")

    def press(self, *keys):
        for key in keys:
            self.shown.keyboard.press(key)

    def sees(self, selector):
        self.shown.wait_for_selector(selector, timeout=15_000)


@pytest.fixture
def keys(page_of, ledger):
    shown = page_of(ledger).open("")
    found = Keys(shown)
    found.sees("regular-table td:text-is('lr0.2')")
    return found


def test_the_table_is_filtered_sorted_and_left_for_a_trial(keys, ledger):
    keys.to("#skip")
    keys.press("Enter")
    keys.to("input[name=where]")
    keys.shown.keyboard.type("lr < 0.3")
    keys.sees(".count:text-is('2 of 3 trials')")
    keys.to(".controls label:nth-of-type(3) select")
    keys.shown.keyboard.type("param.lr")
    keys.sees("regular-table tbody tr:first-child:has-text('lr0.1')")
    keys.to("regular-table")
    keys.press("j", "Enter")
    keys.sees("h1:text-is('lr0.2')")


def test_a_trial_is_read_from_end_to_end(keys):
    keys.to("regular-table")
    keys.press("Enter")
    keys.sees("h1:text-is('lr0.2')")
    keys.to("button.copy")
    keys.to("[role=tab]")
    for title, sight in (
        ("Metrics", "figure.curve canvas"),
        ("Streams", "#panel h2"),
        ("Files", "summary:has-text('made.csv')"),
    ):
        keys.press("ArrowRight")
        keys.sees(f"[role=tab][aria-selected=true]:text-is('{title}'):focus")
        keys.sees(sight)
    keys.to("summary")
    keys.press("Enter")
    keys.sees("details[open] td:text-is('2')")


def test_trials_are_chosen_compared_and_drawn(keys):
    keys.to("regular-table")
    keys.press("x", "ArrowDown", "x")
    keys.sees(".chosen:has-text('2 chosen')")
    keys.press("Shift+Tab", "Shift+Tab", "Shift+Tab")
    for _ in range(MOST):
        if keys.shown.evaluate(FOCUS, "a[href^='#/diff']")[0]:
            break
        keys.press("Shift+Tab")
    keys.press("Enter")
    keys.sees("h1:text-is('Diff')")
    keys.to("a[href^='#/curves']")
    keys.press("Enter")
    keys.sees("figure.overlay canvas")
    keys.to("input[name=smooth]")
    keys.press("ArrowRight", "ArrowRight")
    keys.sees("output:text-is('0.02')")
    keys.to("input[name=log-y]")
    keys.press("Space")
    keys.sees("input[name=log-y]:checked")
    keys.to(".legend a")
    keys.sees(".legend li.lit")
    keys.press("Enter")
    keys.sees("h1:has-text('lr')")


def test_pages_of_experiments_inputs_and_the_journal_are_reached(keys):
    keys.to("#pages a[data-view=experiments]")
    keys.press("Enter")
    keys.sees("h1:text-is('Experiments')")
    keys.to("main a[href='#/experiment/a']")
    keys.press("Enter")
    keys.sees("h1:text-is('a')")
    keys.to("main select")
    keys.shown.keyboard.type("loss")
    keys.sees("canvas.axes")
    keys.to("details.fields > summary")
    keys.press("Enter")
    keys.to("input[aria-label='lr from']")
    keys.shown.keyboard.type("0.2")
    keys.press("Tab")
    keys.sees(".count:has-text('2 of 3 trials')")
    keys.to("regular-table")
    keys.press("Enter")
    keys.sees("h1:has-text('lr')")
    keys.to("main a[href^='#/algorithm']")
    keys.press("Enter")
    keys.sees("h1:has-text('lr')")
    keys.shown.evaluate("document.getElementById('skip').focus()")
    keys.to("#pages a[data-view=journal]")
    keys.press("Enter")
    keys.sees("h1:text-is('Journal')")
    keys.shown.evaluate("document.getElementById('skip').focus()")
    keys.to("#theme")
    before = keys.shown.evaluate("document.documentElement.dataset.theme")
    keys.press("Enter")
    assert keys.shown.evaluate("document.documentElement.dataset.theme") != before
