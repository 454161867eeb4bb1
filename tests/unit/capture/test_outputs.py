import os
import sqlite3

import pytest

from ledger.capture import code
from ledger.capture.accesses import Access, Watched, Watching
from ledger.capture.files import scan
from ledger.capture.inputs import held
from ledger.capture.known import Known
from ledger.capture.outputs import outputs, unseen
from ledger.capture.places import Places
from ledger.capture.trace.log import not_copied
from ledger.capture.trace.privileges import lost
from ledger.capture.walk import FileStat
from ledger.model import Digest
from ledger.store.memory import MemoryStore


class Trial:
    """A root, what a trial does to it, and what comes of that."""

    def __init__(self, base):
        self.base, self.root = base, base / "root"
        self.root.mkdir()
        self.accesses = []
        self.by = Watching.TRACER
        self.before = None
        self.more = {}

    def file(self, name, content=b"old"):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        os.utime(path, ns=(1, 1))
        return path

    def start(self):
        self.before = scan(self.root)
        found = code.capture(self.root, put=MemoryStore(), git=False, is_product=lambda *_: False)
        self.more["recorded"] = held(found.tree, found.products)

    def access(self, name, *, read=False, written=True, existed=None, before=None, saved=None):
        path = self.root / name
        existed = path.exists() if existed is None else existed
        if existed and before is None:
            before = FileStat.of(os.stat(path))
        path = os.path.normpath(path)
        self.accesses.append(Access(path, read, written, existed, before, saved and str(saved)))

    def write(self, name, content=b"new", **fields):
        """Write a file anew, as it is seen by the tracer."""
        self.access(name, **fields)
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def end(self, **fields):
        return outputs(
            Watched(self.by, tuple(self.accesses)),
            places=Places(root=str(self.root), home=str(self.base / "home")),
            before=self.before,
            after=scan(self.root),
            **{**self.more, **fields},
        )


@pytest.fixture
def trial(tmp_path):
    return Trial(tmp_path.resolve())


@pytest.mark.parametrize("by", list(Watching))
def test_new_and_changed(trial, by):
    trial.by = by
    trial.file("a")
    trial.file("b")
    trial.start()
    for name in ("b", "c", "d/e"):
        if by is Watching.NONE:
            trial.file(name, b"newer")
        else:
            trial.write(name, b"newer")
    assert trial.end().paths == ("b", "c", "d/e")


class TestSameContent:
    def test_touched(self, trial):
        trial.file("a")
        trial.start()
        os.utime(trial.root / "a")
        assert (trial.end().paths, trial.end().same) == ((), ("a",))

    def test_touched_and_nobody_watched(self, trial):
        trial.by = Watching.NONE
        trial.file("a")
        trial.start()
        os.utime(trial.root / "a")
        assert trial.end().paths == ("a",)

    def test_database_opened_for_writing_to_read(self, trial):
        place = trial.root / "a.db"
        with sqlite3.connect(place) as connection:
            connection.execute("create table t (x)")
            connection.execute("insert into t values (1)")
        connection.close()
        trial.start()
        trial.access("a.db", read=True)
        connection = sqlite3.connect(place)
        assert connection.execute("select x from t").fetchall() == [(1,)]
        connection.close()
        os.utime(place)
        assert trial.end().paths == ()

    def test_database_that_was_written(self, trial):
        place = trial.root / "a.db"
        with sqlite3.connect(place) as connection:
            connection.execute("create table t (x)")
        connection.close()
        trial.start()
        trial.access("a.db", read=True)
        with sqlite3.connect(place) as connection:
            connection.execute("insert into t values (1)")
        connection.close()
        assert trial.end().paths == ("a.db",)

    @pytest.mark.parametrize("by", [Watching.TRACER, Watching.PROBE])
    def test_made_anew_and_the_same(self, trial, by):
        """A training that comes out the same twice made its model twice."""
        trial.by = by
        trial.file("model.pt")
        trial.start()
        trial.write("model.pt", b"old")
        assert trial.end().paths == ("model.pt",)

    def test_copy_from_before_decides(self, trial):
        trial.file("a")
        trial.before = scan(trial.root)
        saved = trial.file("../spool/1")
        trial.access("a", read=True, saved=saved)
        os.utime(trial.root / "a")
        assert trial.end().paths == ()
        saved.write_bytes(b"odd")
        assert trial.end().paths == ("a",)
        saved.unlink()
        assert trial.end().paths == ("a",)

    def test_known_digest_decides(self, trial):
        trial.file("a")
        trial.before = scan(trial.root)
        known = Known()
        known.add("a", trial.before.files["a"], Digest.of(b"old"), 2**62)
        trial.access("a", read=True)
        os.utime(trial.root / "a")
        assert trial.end(known=known).paths == ()
        assert trial.end().paths == ("a",)

    def test_other_mode(self, trial):
        trial.file("a")
        trial.start()
        (trial.root / "a").chmod(0o755)
        assert trial.end().paths == ("a",)

    def test_declared_is_one(self, trial):
        trial.file("a")
        trial.start()
        os.utime(trial.root / "a")
        found = trial.end(declared=[f"{trial.root}/./a", f"{trial.root}/new"])
        assert (found.paths, found.same) == (("a", "new"), ())

    def test_became_a_link(self, trial):
        trial.file("a")
        trial.start()
        (trial.root / "a").unlink()
        (trial.root / "a").symlink_to("b")
        assert trial.end().paths == ("a",)


class TestOverlapped:
    @pytest.mark.parametrize("by", [Watching.TRACER, Watching.OUTER])
    def test_told_apart(self, trial, by):
        trial.by = by
        trial.start()
        trial.write("mine")
        trial.file("theirs")
        found = trial.end(overlapped=True)
        assert (found.paths, found.told_apart) == (("mine",), True)

    @pytest.mark.parametrize("by", [Watching.PROBE, Watching.NONE])
    def test_not_told_apart(self, trial, by):
        trial.by = by
        trial.start()
        trial.write("mine")
        trial.file("theirs")
        found = trial.end(overlapped=True)
        assert (found.paths, found.told_apart) == (("mine", "theirs"), False)

    def test_directory_that_was_moved_there(self, trial):
        trial.start()
        trial.access("final", existed=False)
        trial.file("final/deep/a")
        assert trial.end(overlapped=True).paths == ("final/deep/a",)

    def test_not_overlapped(self, trial):
        trial.start()
        trial.file("unseen")
        assert trial.end().paths == ("unseen",)


class TestOutside:
    def test_new(self, trial):
        trial.start()
        trial.write("../elsewhere/a")
        assert trial.end().paths == (str(trial.base / "elsewhere/a"),)

    def test_gone_and_nobodys(self, trial):
        trial.start()
        trial.write("../gone")
        (trial.base / "gone").unlink()
        for name in ("home/.cache/pip/x", "lib/__pycache__/a.cpython-311.pyc", "lib/a.pyc", "x/.git/index"):
            trial.write(f"../{name}")
        trial.access("/dev/null")
        trial.access("/proc/self/oom_score_adj")
        os.mkfifo(trial.base / "pipe")
        trial.access("../pipe")
        assert trial.end().paths == ()

    @pytest.mark.parametrize(
        ("content", "read", "count"),
        [(b"new", True, 1), (b"longer", True, 1), (b"old", True, 0), (b"old", False, 1)],
    )
    def test_existed(self, trial, content, read, count):
        trial.file("../a")
        trial.start()
        trial.write("../a", content, read=read, saved=trial.file("../spool/1"))
        assert len(trial.end().paths) == count

    def test_opened_for_update_and_left_alone(self, trial):
        trial.file("../a")
        trial.start()
        trial.access("../a", read=True)
        found = trial.end()
        assert (found.paths, found.same) == ((), (str(trial.base / "a"),))

    def test_through_a_link_of_the_root(self, trial):
        (trial.base / "big").mkdir()
        (trial.root / "out").symlink_to("../big")
        trial.start()
        trial.write("out/a")
        assert trial.end().paths == (str(trial.base / "big/a"),)

    def test_by_a_link_into_the_root(self, trial):
        (trial.base / "alias").symlink_to(trial.root)
        trial.start()
        trial.write("../alias/a")
        assert trial.end().paths == ("a",)

    def test_where_the_scan_does_not_go(self, trial):
        trial.file("env/pyvenv.cfg")
        trial.start()
        trial.write("env/x")
        assert trial.end().paths == ()

    def test_read_only_and_changed_by_others(self, trial):
        trial.file("../a")
        trial.start()
        trial.access("../a", read=True, written=False)
        trial.file("../a", b"theirs")
        assert trial.end().paths == ()

    def test_copy_that_another_spelling_has(self, trial):
        trial.file("d/a")
        trial.before = scan(trial.root)
        (trial.base / "alias").symlink_to(trial.root)
        trial.access("../alias/d/a", before=None)
        trial.access("d/a", read=True, saved=trial.file("../spool/1"))
        os.utime(trial.root / "d/a")
        assert trial.end().paths == ()

    def test_two_spellings(self, trial):
        trial.start()
        trial.write("../d/a")
        (trial.base / "e").symlink_to("d")
        trial.access("../e/a", existed=True)
        assert trial.end().paths == (str(trial.base / "d/a"),)


class TestUnseen:
    def test_nothing(self):
        assert unseen(Watched(by=Watching.TRACER, network=("192.0.2.7:443",))) == []
        assert unseen(Watched(by=Watching.OUTER)) == []

    @pytest.mark.parametrize("by", [Watching.PROBE, Watching.NONE])
    def test_only_the_tree_is_compared(self, by):
        (text,) = unseen(Watched(by=by, fallback="the kernel is too old"))
        assert "outside of the root" in text
        assert text.endswith(": the kernel is too old")

    def test_gaps(self):
        hidden = "a process may not be looked into; what it opened is not known"
        of_inputs = [not_copied(b"/a", "no room"), lost(b"/bin/su", "set-user-id")]
        assert unseen(Watched(by=Watching.TRACER, gaps=(*of_inputs, hidden))) == [hidden]
