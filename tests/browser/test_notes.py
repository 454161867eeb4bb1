"""Notes on the page: read, written, corrected, taken back; and hostile ones, which do nothing."""

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import expect

from ledger.ops import notes, query
from ledger.ops.note_subject import Subject

pytestmark = pytest.mark.slow

SCRIPT = """
import ledger
for step in range(100):
    ledger.log(step=step, loss=1 / (1 + step), accuracy=step / 100)
"""
HOSTILE = (
    "<script>alert(1)</script>",
    "<img src=http://127.0.0.1:9/a onerror=alert(1)>",
    "<svg onload=alert(1)><iframe srcdoc='<script>alert(1)</script>'>",
    "![a](http://127.0.0.1:9/b.png) ![b](data:image/png;base64,AAAA)",
    "[a](javascript:alert(1)) [b](data:text/html,<script>alert(1)</script>) [c](JaVaScRiPt:alert%281%29)",
    "a\u202eb &#x202e; `\u2067`",
    ">" * 2000 + " deep",
    "- " * 2000 + "lists",
    "<style>*{display:none}</style></div></main></body>",
    "x" * 99_000,
)

RAW = (
    "<a href='https://example.org' onclick=alert(1) style='position:fixed'>a</a>"
    "<a href=javascript:alert(1)>b</a><p class=view onfocus=alert(1)>c</p>"
    "<math><a href=javascript:alert(1)>d</a>"
)
BUILT = """async (html) => {
  const { markup } = await import(new URL("static/js/parts/markup.js", location.href));
  const place = document.createElement("div");
  document.body.append(place);
  place.append(markup(html));
  place.querySelectorAll("*").forEach((each) => each.click && each.localName !== "a" && each.click());
  const links = [...place.querySelectorAll("a[href]")].map((each) => each.outerHTML).join("");
  const others = [...place.querySelectorAll(":not(a)")].filter((each) => each.attributes.length);
  return links + others.map((each) => each.outerHTML).join("");
}"""


@pytest.fixture
def ledger(project):
    project.write(train=SCRIPT)
    project.run("python", "train.py", name="noted", experiment="e")
    return project.ledger


def standing(project):
    return query.load(project.workspace.journal).standing_notes


def opened(page, trial, tab="metrics"):
    shown = page.open(f"#/trial/{trial.id}?tab={tab}")
    shown.wait_for_selector(".notes h2")
    return shown


def test_one_is_written_corrected_and_taken_back(page_of, ledger, project):
    page = page_of(ledger, "--write")
    shown = opened(page, project.last)
    shown.wait_for_selector("figure.curve canvas")
    shown.select_option(".note-form select", "loss")
    shown.fill(".note-form input[inputmode=numeric]", "40")
    shown.fill(".note-form textarea", "it *falls* here")
    shown.click("button:text-is('Preview')")
    shown.wait_for_selector(".preview em:text-is('falls')")
    shown.click("button:text-is('Edit')")
    shown.reload()
    shown.wait_for_selector(".note-form")
    expect(shown.locator(".note-form textarea")).to_have_value("it *falls* here")
    expect(shown.locator(".note-form select")).to_have_value("loss")
    shown.press(".note-form textarea", "Control+Enter")
    shown.wait_for_selector(".note:has-text('loss at step 40') em:text-is('falls')")
    expect(shown.locator(".note-form textarea")).to_have_value("")
    shown.wait_for_selector(".noted button:has-text('at step 40')")
    (first,) = standing(project)
    assert (first.note.metric, first.note.step) == ("loss", 40)

    shown.fill(".note-form textarea", "another draft")
    shown.click("button:text-is('correct')")
    expect(shown.locator(".note-form textarea")).to_have_value("it *falls* here")
    shown.fill(".note-form textarea", "it rises")
    shown.press(".note-form textarea", "Control+Enter")
    shown.wait_for_selector(".note:has-text('it rises')")
    expect(shown.locator(".note-form textarea")).to_have_value("another draft")
    shown.click("summary:text-is('corrected 1 time')")
    expect(shown.locator(".version pre")).to_have_text("it *falls* here")

    shown.click("button:text-is('take back')")
    shown.fill(".note-form textarea", "a slip")
    shown.click("button:text-is('Take it back')")
    shown.wait_for_selector("summary:text-is('1 taken back')")
    assert shown.locator("article.note").count() == 0
    assert standing(project) == ()
    assert "a slip" in shown.locator(".gone").text_content()
    expect(shown.locator(".note-form textarea")).to_have_value("another draft")


def test_what_fails_is_told_beside_it_and_loses_nothing(page_of, ledger, project):
    page = page_of(ledger, "--write")
    shown = opened(page, project.last)
    shown.select_option(".note-form select", "loss")
    shown.fill(".note-form input[inputmode=numeric]", "4000")
    shown.fill(".note-form textarea", "kept")
    shown.click("button:text-is('Write')")
    shown.wait_for_selector(".note-form .problem:has-text('99')")
    expect(shown.locator(".note-form textarea")).to_have_value("kept")
    shown.fill(".note-form textarea", "kept" * 30_000)
    shown.fill(".note-form input[inputmode=numeric]", "40")
    shown.click("button:text-is('Write')")
    shown.wait_for_selector(".note-form .problem:has-text('too long')")
    assert len(shown.input_value(".note-form textarea")) == 120_000
    assert standing(project) == ()
    assert [each for each in page.errors if "404" not in each and "400" not in each] == []
    page.errors.clear()


def test_without_write_there_is_no_form_and_a_new_note_appears(page_of, ledger, project):
    page = page_of(ledger)
    shown = opened(page, project.last)
    shown.wait_for_selector(".notes code:has-text('ledger note')")
    assert shown.locator(".note-form").count() == 0
    shown.wait_for_timeout(2500)  # past the first look at how far the ledger goes
    notes.note(project.workspace.journal, "**hi**", author="ann", subject=Subject(trials=(project.last.id,)))
    shown.wait_for_selector(".note strong:text-is('hi')")


MOUNTED = """async (subject) => {
  const from = (path) => import(new URL(`static/js/${path}`, location.href));
  const { notes } = await from("parts/notes.js");
  const [{ net }, { format }] = [await from("net.js"), await from("route.js")];
  document.getElementById("view").innerHTML = "<div id=mounted></div>";
  const context = { net, link: format, announce: () => {}, live: () => () => {} };
  notes(document.getElementById("mounted"), context, subject);
}"""


def test_other_views_mount_them_with_one_line(page_of, ledger, project):
    project.run("python", "train.py", name="other", experiment="f")
    ids = [str(each.id) for each in project.trials]
    page = page_of(ledger, "--write")
    shown = page.open("#/journal")
    for subject in ({"trials": ids}, {"experiments": ["e"]}, {"experiments": ["e", "f"]}):
        shown.evaluate(MOUNTED, subject)
        text = f"text {len(standing(project))}"
        shown.fill("#mounted textarea", text)
        shown.click("#mounted button:text-is('Write')")
        shown.wait_for_selector(f"#mounted article:has-text('{text}')")
    found = [(len(each.trials), each.experiments) for each in standing(project)]
    assert found == [(2, ()), (0, ("e",)), (0, ("e", "f"))]
    shown.evaluate(MOUNTED, {"experiments": ["e"]})
    shown.wait_for_selector("#mounted article >> nth=1")  # its own, and that of its diff


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_hostile_ones_do_nothing(page_of, ledger, project, scheme):
    trial = project.last.id
    for place, text in enumerate(HOSTILE):
        subject = (
            Subject(trials=(trial,), metric="loss", step=place) if place % 2 else Subject(trials=(trial,))
        )
        first = notes.note(
            project.workspace.journal, text, author=f"<b onclick=alert(1)>\u202e{text[:80]}", subject=subject
        )
        if place % 3 == 0:
            remark = next(each for each in standing(project) if each.id == first.id)
            notes.note(project.workspace.journal, text, author="b", replaces=remark)
        if place % 5 == 4:
            notes.take_back(project.workspace.journal, standing(project)[-1], author="c", reason=text)
    page = page_of(
        ledger, "--write", color_scheme=scheme, viewport={"width": 360, "height": 800}, bypass_csp=True
    )
    met = []
    page.page.on("dialog", lambda dialog: (met.append(dialog.message), dialog.dismiss()))
    shown = opened(page, project.last)
    shown.wait_for_selector("article.note >> nth=7")
    for each in shown.locator(".notes summary").all():
        each.evaluate("each => { each.parentElement.open = true; }")
    shown.fill(".note-form textarea", "\n\n".join(HOSTILE[:6]))
    shown.click("button:text-is('Preview')")
    shown.wait_for_selector(".preview:not([hidden]) p")
    inside = shown.locator(".notes")
    forbidden = (
        "script, img, iframe, svg, style, object, embed, link, form form, [onclick], [onload], [onerror]"
    )
    assert inside.locator(forbidden).count() == 0
    links = inside.locator("a").evaluate_all("all => all.map(each => each.getAttribute('href'))")
    assert [each for each in links if not each.startswith(("#/diff", "https:", "http:"))] == []
    assert "\u202e" not in inside.inner_text()
    assert shown.evaluate("document.documentElement.scrollWidth") <= 360
    grave = [
        (each["id"], [node["html"][:200] for node in each["nodes"]][:3])
        for each in Axe().run(shown).response["violations"]
        if each["impact"] in ("serious", "critical")
    ]
    assert grave == []
    # Were the server to send what a note may not be, it would come to nothing, too.
    made = shown.evaluate(BUILT, RAW + "".join(HOSTILE[:6]))
    assert made == '<a href="https://example.org/" rel="noopener noreferrer nofollow" target="_blank">a</a>'
    assert met == []
