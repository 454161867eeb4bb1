"""The page's table of 100,000 trials with 30 columns, and its curves, in a real browser.

The control of the table is a bare page in the same browser: the same Arrow bytes from a server that does
nothing else, read by the same library into the same grid, sorted by `TypedArray.sort` and filtered by a loop.
That of the curves is the same points in the same library's plainest chart; both are timed from the answer to
the frame behind the one that shows them.

The aims are for a quiet machine, on which the bare page took `QUIET` ms. Where the bare page takes longer
now, be the machine slower or busy, each aim grows in the same proportion: the page may then take longer
than the absolute figure, and the report, which has both and the load, shows that. Curves, and how long a
fresh server takes, have no such figure of a quiet machine: a multiple of the control is allowed, if more.
What is farther from its aim than `MISSED` in each of several tries fails.
"""

import http.server
import os
import subprocess
import sys
import threading
import time
import urllib.request
from importlib.resources import files
from statistics import median
from typing import NamedTuple

import pytest

from ledger import workspace
from ledger.ops import run
from tests.bench import bulk
from tests.browsers import launched, page_in, serving

pytestmark = [pytest.mark.bench, pytest.mark.timeout(900)]

QUIET = {"ready": 236, "sort": 36, "filter": 7}
"""Of the bare page, in ms, on 2 cores at a load of 1."""
DRAWN_TIMES = 1.5
"""Times what the plainest chart takes."""
OPENED = 2.5
"""Times what a bare server takes to import the same libraries and show the same table."""
MISSED, TRIES = 1.5, 3
"""Times an aim at which it fails; sorting took 41% to 76% of it, the command 68% to 91%, one try each."""
TRIALS, PARAMETERS, METRICS, TURNS = 100_000, 18, 8, 5
FIRST_MS, READY_MS, SORT_MS, FILTER_MS, HEAP_MB = 1000, 1000, 100, 50, 100

BARE = """<!doctype html><style>.g{position:absolute;inset:0}</style>
<div class=g><regular-table></regular-table>
</div><script src=fl.js></script><script type=module>
import "./rt.js";
const t = fl.tableFromIPC(await (await fetch("data")).arrayBuffer());
const names = t.schema.fields.map(f => f.name).filter(n => n !== "id");
const columns = names.map(n => t.getChild(n));
let rows = Uint32Array.from({length: t.numRows}, (_, i) => i);
const grid = document.querySelector("regular-table");
grid.setDataListener((x0, y0, x1, y1) => ({num_rows: rows.length, num_columns: names.length,
  column_headers: names.slice(x0, x1).map(n => [n]),
  data: columns.slice(x0, x1).map(c => Array.from(rows.slice(y0, y1), r => String(c.at(r))))}));
await grid.draw();
window.sorted = async name => { const t0 = performance.now(); const v = t.getChild(name).toArray();
  rows = rows.slice().sort((a, b) => v[a] - v[b]); await grid.draw(); return performance.now() - t0; };
window.filtered = async (name, most) => { const t0 = performance.now(); const v = t.getChild(name).toArray();
  rows = Uint32Array.from({length: t.numRows}, (_, i) => i).filter(i => v[i] < most);
  await grid.draw(); return performance.now() - t0; };
performance.mark("ready");
</script>"""

BARE_SERVER = """
import sys, http.server
import click, numpy, pyarrow, starlette.applications, uvicorn
held = {path: (open(file, "rb").read(), kind) for path, file, kind in zip(*[iter(sys.argv[1:])] * 3)}
class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        body, kind = held.get(self.path, (b"", "text/plain"))
        self.send_response(200)
        self.send_header("Content-Type", kind)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)
    def log_message(self, *_): pass
server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
print(f"http://127.0.0.1:{server.server_port}/", flush=True)
server.serve_forever()
"""
CURVES, POINTS, CURVES_MS = 50, 2000, 150
MANY = 300
TRAINING = """
import sys, math, ledger
for step in range(int(sys.argv[2])):
    ledger.log(step=step, loss=math.exp(-step / 300) + math.sin(step * 12.9898 + float(sys.argv[1])) / 9)
"""
BARE_CURVES = """<!doctype html><link rel=stylesheet href=u.css><div id=d></div>
<script src=fl.js></script><script src=u.js></script><script type=module>
const t = fl.tableFromIPC(await (await fetch("data")).arrayBuffer());
performance.mark("curves read");
const {curves} = JSON.parse(t.schema.metadata.get("about"));
const step = t.getChild("step").toArray();
const value = t.getChild("value").toArray();
const data = [step.subarray(0, curves[0].end), ...curves.map(c => value.subarray(c.first, c.end))];
new uPlot({width: 1160, height: 380, scales: {x: {time: false}}, legend: {show: false},
  series: [{}, ...curves.map((_, i) =>
    ({stroke: `hsl(${i * 7} 80% 40%)`, width: 1.5, points: {show: false}}))]},
  data, document.getElementById("d"));
requestAnimationFrame(() => setTimeout(() => performance.mark("curves drawn")));
</script>"""
DRAWN = """async () => {
  const at = name => performance.getEntriesByName(name)[0]?.startTime;
  while (at("curves drawn") === undefined) await new Promise(done => setTimeout(done, 1));
  return at("curves drawn") - at("curves read");
}"""

MARKED = """async (name) => {
  while (!performance.getEntriesByName(name).length) await new Promise(done => setTimeout(done, 5));
  return performance.getEntriesByName(name)[0].startTime;
}"""
STEP = """async (fragment) => {
  performance.clearMarks();
  const began = performance.now();
  location.hash = fragment;
  while (!performance.getEntriesByName("trials").length) await new Promise(done => setTimeout(done, 1));
  return performance.getEntriesByName("trials")[0].startTime - began;
}"""


@pytest.fixture(scope="module")
def ledger(tmp_path_factory):
    found = workspace.find_or_make(tmp_path_factory.mktemp("page"))[0]
    bulk.write(
        found.directory, TRIALS, experiments=["x"], parameters=PARAMETERS, metrics=METRICS, indexed=True
    )
    return found.directory


def bare_server(content, page=BARE):
    vendor = files("ledger.ui") / "static" / "vendor"
    held = {
        "/": (page.encode(), "text/html"),
        "/fl.js": ((vendor / "flechette" / "flechette.min.js").read_bytes(), "text/javascript"),
        "/rt.js": ((vendor / "regular-table" / "regular-table.js").read_bytes(), "text/javascript"),
        "/u.js": ((vendor / "uplot" / "uPlot.iife.min.js").read_bytes(), "text/javascript"),
        "/u.css": ((vendor / "uplot" / "uPlot.min.css").read_bytes(), "text/css"),
        "/data": (content, "application/octet-stream"),
    }

    class Handler(http.server.BaseHTTPRequestHandler):
        def do_GET(self):
            body, kind = held.get(self.path, (b"", "text/plain"))
            self.send_response(200)
            self.send_header("Content-Type", kind)
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_):
            """Say nothing."""

    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def test_the_table_is_there_within_a_second_and_sorts_and_filters_at_once(ledger, report):
    aims = {"ready": READY_MS, "sort": SORT_MS, "filter": FILTER_MS}
    tries = []
    with serving(ledger) as address, launched() as browser:
        content = urllib.request.urlopen(f"{address}data/trials").read()
        server = bare_server(content)
        plain = f"http://127.0.0.1:{server.server_port}/"
        for _ in range(TRIES):
            times, heap = table_times(browser, address, plain)
            tries.append(
                {
                    name: Try(ours, bare, aims[name] * max(1, bare / QUIET[name]))
                    for name, (ours, bare) in times.items()
                }
            )
            if all(each.share <= 1 for each in tries[-1].values()):
                break
        server.shutdown()
        server.server_close()
    for name, aim in aims.items():
        told(report, f"{TRIALS:,} trials: {name}", [each[name] for each in tries], aim)
    report(f"page, {TRIALS:,} trials: heap", f"{heap:.0f} MB", f"{HEAP_MB} MB")
    assert heap <= HEAP_MB


def table_times(browser, address, plain):
    """What each step takes, medians in ms, ours and the bare page's; and the last heap in MB."""
    steps = ("ready", "sort", "filter")
    ours, bare = ({name: [] for name in steps} for _ in range(2))
    for turn in range(TURNS):
        page = page_in(browser)
        page.goto(address)
        page.wait_for_selector("regular-table td")
        ours["ready"].append(page.evaluate(MARKED, "trials"))
        ours["sort"].append(page.evaluate(STEP, f"#/trials?sort=param.x_rate{turn}"))
        ours["filter"].append(page.evaluate(STEP, f"#/trials?where=metric{turn}+%3C+0.3"))
        page.evaluate("() => 0")
        heap = page.evaluate("() => performance.memory.usedJSHeapSize") / 1e6
        page.close()
        page = page_in(browser)
        page.goto(plain)
        bare["ready"].append(page.evaluate(MARKED, "ready"))
        bare["sort"].append(page.evaluate(f"() => sorted('param.x_rate{turn}')"))
        bare["filter"].append(page.evaluate(f"() => filtered('metric.metric{turn}', 0.3)"))
        page.close()
    return {name: (median(ours[name]), median(bare[name])) for name in steps}, heap


class Try(NamedTuple):
    """Milliseconds of one of several tries."""

    ours: float
    bare: float
    aim: float
    """On a machine that is as slow as this one now."""

    @property
    def share(self):
        return self.ours / self.aim


def told(report, what, tries, aim):
    """Report the best of some tries, and hold it against what is allowed."""
    best = min(tries, key=lambda each: each.share)
    figure = f"{best.ours:.0f} ms; bare page {best.bare:.0f} ms"
    report(f"page, {what}", figure, f"aim: {aim} ms; {best.aim:.0f} ms on this machine now")
    assert best.share <= MISSED


def test_it_opens_within_a_second_from_the_command_to_the_table(ledger, report, tmp_path):
    with serving(ledger) as address:
        content = urllib.request.urlopen(f"{address}data/trials").read()
    (tmp_path / "index.html").write_text(BARE)
    (tmp_path / "data").write_bytes(content)
    vendor = files("ledger.ui") / "static" / "vendor"
    words = [
        "/",
        tmp_path / "index.html",
        "text/html",
        "/data",
        tmp_path / "data",
        "application/octet-stream",
    ]
    for path, file in (
        ("/fl.js", "flechette/flechette.min.js"),
        ("/rt.js", "regular-table/regular-table.js"),
    ):
        words += [path, vendor / file, "text/javascript"]
    command, tries = [sys.executable, "-c", BARE_SERVER, *map(str, words)], []
    with launched() as browser:
        for _ in range(TRIES):
            ours, bare = [], []
            for _ in range(TURNS):
                page = page_in(browser)
                began = time.perf_counter()
                with serving(ledger) as address:
                    page.goto(address)
                    page.wait_for_selector("regular-table td")
                    ours.append(1000 * (time.perf_counter() - began))
                    page.close()
                page = page_in(browser)
                began = time.perf_counter()
                with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
                    page.goto(server.stdout.readline().strip())
                    page.wait_for_selector("regular-table td")
                    bare.append(1000 * (time.perf_counter() - began))
                    page.close()
                    server.terminate()
            tries.append(Try(median(ours), median(bare), max(FIRST_MS, OPENED * median(bare))))
            if tries[-1].share <= 1:
                break
    told(report, f"{TRIALS:,} trials: from the command to the table", tries, FIRST_MS)


HOVER = """async () => {
  const over = document.querySelector(".overlay .u-over");
  const box = over.getBoundingClientRect();
  const times = [];
  for (let turn = 0; turn < 40; turn++) {
    const began = performance.now();
    over.dispatchEvent(new MouseEvent("mousemove", {bubbles: true,
      clientX: box.left + box.width * (turn + 0.5) / 40, clientY: box.top + box.height * 0.7}));
    times.push(performance.now() - began);
    await new Promise(requestAnimationFrame);
  }
  return [times.sort((a, b) => a - b)[20], document.querySelectorAll(".legend li.lit").length];
}"""


def made_curves(project, count):
    """A ledger with so many curves."""
    root = project(f"curves{count}", files=1)
    (root / "train.py").write_text(TRAINING)
    found = workspace.find_or_make(root)[0]
    for number in range(count):
        words = [sys.executable, "train.py", str(number), str(POINTS)]
        run.run(found, words, run.RunOptions(), directory=root, variables=dict(os.environ), forward=False)
    return found


def test_fifty_curves_are_drawn_at_once(project, report):
    found = made_curves(project, CURVES)
    query = "where=%20&metric=loss"
    tries = []
    with serving(found.directory) as address, launched() as browser:
        content = urllib.request.urlopen(f"{address}data/curves?{query}").read()
        server = bare_server(content, BARE_CURVES)
        plain = f"http://127.0.0.1:{server.server_port}/"
        for _ in range(TRIES):
            ours, bare = [], []
            for times, place in ((ours, f"{address}#/curves?{query}"), (bare, plain)) * TURNS:
                page = page_in(browser, viewport={"width": 1200, "height": 800})
                page.goto(place)
                times.append(page.evaluate(DRAWN))
                page.close()
            tries.append(Try(median(ours), median(bare), max(CURVES_MS, DRAWN_TIMES * median(bare))))
            if tries[-1].share <= 1:
                break
        server.shutdown()
        server.server_close()
    assert len(content) > CURVES * POINTS * 24
    told(report, f"{CURVES} curves of {POINTS:,} points", tries, CURVES_MS)


def test_hundreds_of_curves_are_drawn_and_pointed_at(project, report):
    """The bare page draws the same points: what is thinned out for the page is thinned out for it, too."""
    found = made_curves(project, MANY)
    query = "where=%20&metric=loss"
    ours, bare, answered, hovered = [], [], [], []
    with serving(found.directory) as address, launched() as browser:
        content = urllib.request.urlopen(f"{address}data/curves?{query}").read()
        server = bare_server(content, BARE_CURVES)
        for _ in range(TURNS):
            began = time.perf_counter()
            urllib.request.urlopen(f"{address}data/curves?{query}").read()
            answered.append(1000 * (time.perf_counter() - began))
            page = page_in(browser, viewport={"width": 1200, "height": 800})
            page.goto(f"{address}#/curves?{query}")
            ours.append(page.evaluate(DRAWN))
            took, lit = page.evaluate(HOVER)
            hovered.append(took)
            assert lit == 1
            page.close()
            page = page_in(browser, viewport={"width": 1200, "height": 800})
            page.goto(f"http://127.0.0.1:{server.server_port}/")
            bare.append(page.evaluate(DRAWN))
            page.close()
        server.shutdown()
        server.server_close()
    name = f"page, {MANY} curves of {POINTS:,} points"
    report(name, f"{median(ours):.0f} ms; bare page {median(bare):.0f} ms", "1.5 times the bare page")
    report(f"{name}: answer of the server", f"{median(answered):.0f} ms, {len(content) / 1e6:.1f} MB", "-")
    report(f"{name}: the pointer moves", f"{median(hovered):.1f} ms", "a frame of 16 ms")
    assert median(ours) <= DRAWN_TIMES * median(bare)
