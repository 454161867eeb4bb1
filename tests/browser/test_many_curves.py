"""More curves than a list can be read through: some of them are searched for."""

import pytest

pytestmark = pytest.mark.slow

CURVES = 13
SCRIPT = """
import sys, ledger
for step in range(50):
    ledger.log(step=step, loss=int(sys.argv[1]) + 1 / (1 + step))
"""


@pytest.fixture
def curves(page_of, project):
    project.write(train=SCRIPT)
    for number in range(CURVES):
        project.run("python", "train.py", number, name=f"{'adam' if number % 4 else 'sgd'}-{number}")
    shown = page_of(project.ledger).open("#/curves?where=+&metric=loss")
    shown.wait_for_selector("figure.overlay canvas")
    return shown


def test_curves_are_found_by_their_names_and_stand_out(curves):
    shown = curves
    assert shown.locator(".legend li:visible").count() == CURVES
    shown.get_by_label("Find a curve").fill("SGD")
    shown.wait_for_selector("[role=status]:text-is('4 of 13')")
    assert shown.locator(".legend li:visible a").all_text_contents() == ["sgd-12", "sgd-8", "sgd-4", "sgd-0"]
    shown.wait_for_selector(".plot.faded")
    # The pointer means one of those alone: what is right below it is adam-1.
    box = shown.locator(".u-over").bounding_box()
    shown.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] * 0.93)
    shown.wait_for_selector(".said-of:has-text('sgd-0: ')")
    shown.get_by_label("Find a curve").fill("")
    shown.wait_for_selector(".legend li:visible >> nth=12")
    shown.mouse.move(1, 1)
    shown.wait_for_selector(".plot:not(.faded)")
