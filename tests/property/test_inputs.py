"""Whatever was seen of a trial's files: nothing is lost without a word, and nothing is listed twice."""

import os

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ledger.capture.accesses import Access, Watched, Watching
from ledger.capture.files import scan
from ledger.capture.inputs import inputs
from ledger.capture.known import Known
from ledger.capture.outputs import outputs
from ledger.capture.places import Places
from ledger.capture.walk import FileStat
from ledger.model import HealthState, Mode
from ledger.store.memory import MemoryStore

NAMES = ["root/a", "root/d/b.pyc", "root/link", "root/loop", "root/up/a", "root/gone", "root/pipe", "root/d"]
NAMES += [
    "out/c",
    "out/../root/a",
    "out/gone/x",
    "root/a/b",
    "root/.git/x",
    "root/" + "n" * 300,
    "out/\udcff",
]
ACCESS = st.builds(
    lambda name, read, written, existed, look, saved, executed: (
        name,
        read,
        written,
        existed,
        look,
        saved,
        executed,
    ),
    st.sampled_from(NAMES),
    *[st.booleans()] * 6,
)


@pytest.fixture(scope="module")
def base(tmp_path_factory):
    base = tmp_path_factory.mktemp("inputs").resolve()
    for name in ("root/d", "root/.git", "out"):
        (base / name).mkdir(parents=True)
    for name in ("root/a", "root/d/b.pyc", "out/c", "root/.git/x", "saved", "out/\udcff"):
        (base / name).write_bytes(b"1")
    (base / "root/link").symlink_to("../out/c")
    (base / "root/loop").symlink_to("loop")
    (base / "root/up").symlink_to("..")
    os.mkfifo(base / "root/pipe")
    return base


def look(path):
    try:
        return FileStat.of(os.stat(path))
    except OSError:
        return None


@settings(deadline=None)
@given(st.lists(ACCESS, max_size=8), st.sampled_from(Watching), st.booleans())
def test_any_accesses(base, seen, by, overlapped):
    accesses = tuple(
        Access(
            f"{base}/{name}",
            read=read,
            written=written,
            existed=existed,
            before=look(f"{base}/{name}") if looked else None,
            saved=str(base / "saved") if saved else None,
            executed=executed,
        )
        for name, read, written, existed, looked, saved, executed in seen
    )
    watched, store = Watched(by, accesses), MemoryStore()
    places, before = Places(root=str(base / "root")), scan(base / "root")
    found = inputs(watched, places=places, put=store, known=Known(), before=before)
    paths = [each.path for each in found.artifacts]
    assert paths == sorted(set(paths), key=os.fsencode)
    for each in found.artifacts:
        assert each.mode in (Mode.FILE, Mode.EXECUTABLE, Mode.LINK)
        assert (each.digest is None) == (each.omitted is not None)
        assert each.digest is None or store.has(each.digest)
    if found.complete:
        assert by in (Watching.TRACER, Watching.OUTER)
        assert found.health.state is HealthState.COMPLETE
    if any(each.digest is None for each in found.artifacts):
        assert found.health.state is HealthState.PARTIAL
    after = scan(base / "root")
    made = outputs(watched, places=places, before=before, after=after, overlapped=overlapped)
    assert list(made.paths) == sorted(set(made.paths), key=os.fsencode)
    assert not set(made.paths) & set(made.same)
    assert not any(path in after.files for path in made.paths)  # nothing in the root has changed
