import os

import pytest

from ledger.capture import code
from ledger.capture.accesses import Access, Watched, Watching
from ledger.capture.files import scan
from ledger.capture.inputs import held, inputs
from ledger.capture.known import Known
from ledger.capture.places import Places
from ledger.capture.secrets import Secrets
from ledger.capture.walk import FileStat, text
from ledger.model import Artifact, ArtifactRole, Digest, HealthState, Manifest, ManifestEntry, Mode
from ledger.model.codec import decode
from ledger.store.memory import MemoryStore

CONNECTED = "it was connected to other machines, and what came from there is not recorded"


class Trial:
    """A root, what is done to its files, and what comes of that."""

    def __init__(self, base):
        self.base = base
        self.root = base / "root"
        self.root.mkdir()
        self.store = MemoryStore()
        self.known = Known()
        self.accesses = []
        self.watching = {"by": Watching.TRACER}
        self.places = {"home": str(base / "home"), "prefixes": (str(base / "venv"),)}
        self.more = {}

    def file(self, name, content=b"x"):
        path = self.root / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path

    def touch(self, path, *, look=True, **fields):
        """An access to a path as it is now."""
        path = str(self.root / path)
        if look and os.path.exists(path):
            fields.setdefault("before", FileStat.of(os.stat(path)))
        values = {"read": True, "written": False, "existed": True, **fields}
        self.accesses.append(Access(text(os.fsencode(path)), **values))

    def end(self):
        return inputs(
            Watched(accesses=tuple(self.accesses), **self.watching),
            places=Places(root=str(self.root), **self.places),
            put=self.store,
            known=self.known,
            **self.more,
        )

    def capture(self):
        """Record the code as a trial does before it starts."""
        self.more["before"] = scan(self.root)
        found = code.capture(self.root, put=self.store, git=False, is_product=lambda *_: False)
        self.more["recorded"] = held(found.tree, found.products)


@pytest.fixture
def trial(tmp_path):
    return Trial(tmp_path.resolve())


def contents(trial, found):
    return {each.path: each.digest and trial.store.get(each.digest) for each in found.artifacts}


def test_read_file(trial):
    trial.file("a.csv", b"1")
    trial.touch("a.csv")
    found = trial.end()
    assert contents(trial, found) == {"a.csv": b"1"}
    assert found.artifacts[0].media_type == "text/csv"
    assert found.complete
    assert (found.health.part, found.health.state, found.health.reason) == (
        "inputs",
        HealthState.COMPLETE,
        None,
    )


def test_nothing(trial):
    found = trial.end()
    assert (found.artifacts, found.complete) == ((), True)


@pytest.mark.parametrize("fields", [{"read": False, "written": True}, {"existed": False}])
def test_what_is_no_input(trial, fields):
    trial.file("a")
    trial.touch("a", **fields)
    assert trial.end().artifacts == ()


def test_executed_outside(trial):
    trial.file("../tool", b"\x7fELF").chmod(0o755)
    trial.touch("../tool", read=False, executed=True)
    (found,) = trial.end().artifacts
    assert (found.path, found.mode) == (str(trial.base / "tool"), Mode.EXECUTABLE)


def test_system_libraries_and_caches(trial):
    for path in ("/etc/hosts", "/usr/lib/os-release", "/proc/self/maps"):
        trial.touch(path)
    for path in ("../venv/lib/x.py", "../home/.cache/pip/x", ".git/config", "__pycache__/a.nbi"):
        trial.file(path)
        trial.touch(path)
    assert trial.end().artifacts == ()


class TestChangedMeanwhile:
    def test_copy_from_before(self, trial):
        trial.file("a", b"old")
        saved = trial.file("../spool/1", b"old")
        trial.touch("a", written=True, saved=str(saved))
        trial.file("a", b"newer")
        found = trial.end()
        assert contents(trial, found) == {"a": b"old"}
        assert found.artifacts[0].size == 3
        assert found.complete

    def test_copy_of_a_deleted_executable(self, trial):
        trial.file("a", b"old").chmod(0o755)
        trial.touch("a", written=True, saved=str(trial.file("../spool/1", b"old")))
        (trial.root / "a").unlink()
        found = trial.end()
        assert contents(trial, found) == {"a": b"old"}
        assert found.artifacts[0].mode == Mode.EXECUTABLE

    def test_large_copy(self, trial):
        trial.more["max_bytes"] = 2
        trial.touch("a", saved=str(trial.file("../spool/1", b"old")), written=True)
        (found,) = trial.end().artifacts
        assert (found.digest, found.omitted) == (Digest.of(b"old"), "size")
        assert not trial.store.has(found.digest)

    @pytest.mark.parametrize("gone", [False, True])
    def test_no_copy(self, trial, gone):
        trial.file("a", b"old")
        trial.touch("a", written=True)
        trial.file("a", b"newer")
        if gone:
            (trial.root / "a").unlink()
        found = trial.end()
        (one,) = found.artifacts
        assert (one.digest, one.omitted, one.size) == (None, "changed", 3)
        assert not found.complete
        assert found.health.state is HealthState.PARTIAL
        assert found.health.reason == "changed while the trial ran, before they could be read: a"

    def test_copy_is_gone(self, trial):
        trial.touch("a", written=True, saved=str(trial.base / "nowhere"))
        assert trial.end().artifacts[0].omitted == "changed"

    def test_code_has_it(self, trial):
        trial.file("a.csv", b"old")
        trial.capture()
        trial.touch("a.csv", written=True)
        trial.file("a.csv", b"newer")
        found = trial.end()
        assert contents(trial, found) == {"a.csv": b"old"}
        assert found.complete

    def test_known_has_its_digest(self, trial):
        file = trial.file("../a.csv", b"old")
        trial.touch("../a.csv", written=True)
        trial.known.add(str(trial.base / "a.csv"), FileStat.of(os.stat(file)), Digest.of(b"old"), 2**62)
        file.write_bytes(b"newer")
        found = trial.end()
        assert (found.artifacts[0].digest, found.artifacts[0].omitted) == (Digest.of(b"old"), "changed")

    def test_seen_by_the_scan_alone(self, trial):
        """Python's hook takes no look; the file was changed by something that it does not see."""
        trial.file("a", b"old")
        trial.more["before"] = scan(trial.root)
        trial.touch("a", look=False)
        trial.file("a", b"newer")
        assert trial.end().artifacts[0].omitted == "changed"

    def test_opened_for_update_and_left_alone(self, trial):
        trial.file("a.db", b"old")
        trial.touch("a.db", written=True)
        assert contents(trial, trial.end()) == {"a.db": b"old"}

    def test_written_and_never_looked_at(self, trial):
        trial.file("../a", b"new")
        trial.touch("../a", look=False, written=True)
        assert trial.end().artifacts[0].digest is None

    def test_became_a_directory(self, trial):
        trial.file("a", b"old")
        trial.touch("a", written=True)
        (trial.root / "a").unlink()
        (trial.root / "a").mkdir()
        assert trial.end().artifacts[0].omitted == "changed"


class TestCode:
    def test_source_is_code_and_data_is_not(self, trial):
        trial.file("train.py")
        trial.file("run", b"#!").chmod(0o755)
        trial.file("config.yaml", b"lr: 1")
        trial.capture()
        for name in ("train.py", "run", "config.yaml"):
            trial.touch(name)
        assert contents(trial, trial.end()) == {"config.yaml": b"lr: 1"}

    def test_source_that_the_code_lacks(self, trial):
        trial.capture()
        trial.file("ignored.py")
        trial.touch("ignored.py")
        assert [each.path for each in trial.end().artifacts] == ["ignored.py"]

    def test_product_that_is_source(self, trial):
        trial.file("made.py")
        entry = ManifestEntry(path="made.py", mode=Mode.FILE, size=1, digest=Digest.of(b"x"))
        trial.more["recorded"] = held(Manifest.of([]), Manifest.of([entry]))
        trial.touch("made.py")
        assert [each.path for each in trial.end().artifacts] == ["made.py"]

    def test_other_repository(self, trial):
        other = trial.base / "other"
        for name in ("a.py", "generated.py", "data.csv"):
            trial.file(f"../other/{name}")
            trial.touch(f"../other/{name}")
        entry = ManifestEntry(path="a.py", mode=Mode.FILE, size=1, digest=Digest.of(b"x"))
        trial.more["recorded"] = held(Manifest.of([]), Manifest.of([]), {str(other): Manifest.of([entry])})
        trial.places["repositories"] = (str(other),)
        assert [each.path for each in trial.end().artifacts] == [f"{other}/data.csv", f"{other}/generated.py"]

    def test_bytecode_stands_for_its_source(self, trial):
        trial.file("../lib/a.py", b"source")
        trial.file("../lib/__pycache__/a.cpython-311.pyc", b"code")
        trial.touch("../lib/__pycache__/a.cpython-311.pyc")
        assert contents(trial, trial.end()) == {str(trial.base / "lib/a.py"): b"source"}

    def test_bytecode_without_source(self, trial):
        trial.file("../lib/a.pyc", b"code")
        trial.touch("../lib/a.pyc")
        assert contents(trial, trial.end()) == {str(trial.base / "lib/a.pyc"): b"code"}

    def test_edited_package(self, trial):
        trial.file("../venv/lib/python3.11/site-packages/a/b.py", b"mine")
        file = trial.base / "venv/lib/python3.11/site-packages/a/b.py"
        trial.touch(file)
        trial.more["edited"] = [str(file)]
        assert contents(trial, trial.end()) == {str(file): b"mine"}


class TestSpelling:
    def test_many_spellings_of_one_file(self, trial):
        trial.file("d/a")
        os.link(trial.root / "d/a", trial.root / "hard")
        for path in ("d/a", "d//a", "d/./a", "d/../d/a", f"{trial.root}/d/a", "hard"):
            full = path if path.startswith("/") else f"{trial.root}/{path}"
            trial.accesses.append(Access(full, read=True, written=False, existed=True))
        assert [each.path for each in trial.end().artifacts] == ["d/a", "hard"]

    def test_link_and_what_it_leads_to(self, trial):
        trial.file("../data/1", b"1")
        (trial.root / "latest").symlink_to("../data/1")
        trial.touch("latest")
        found = trial.end()
        assert contents(trial, found) == {"latest": b"../data/1", str(trial.base / "data/1"): b"1"}
        assert [each.mode for each in found.artifacts] == [Mode.FILE, Mode.LINK]
        assert found.complete

    def test_link_that_is_code(self, trial):
        trial.file("../data/1", b"1")
        (trial.root / "latest").symlink_to("../data/1")
        trial.capture()
        trial.touch("latest")
        assert contents(trial, trial.end()) == {str(trial.base / "data/1"): b"1"}

    def test_link_whose_target_was_changed(self, trial):
        file = trial.file("../data/1", b"old")
        (trial.root / "latest").symlink_to("../data/1")
        trial.touch("latest", written=True, saved=str(trial.file("../spool/1", b"old")))
        file.write_bytes(b"newer")
        assert contents(trial, trial.end())[str(trial.base / "data/1")] == b"old"

    def test_link_into_the_system(self, trial):
        (trial.root / "hosts").symlink_to("/etc/hosts")
        trial.touch("hosts")
        assert [each.path for each in trial.end().artifacts] == ["hosts"]

    def test_up_and_down(self, trial):
        words = trial.base / "words"
        words.write_bytes(b"w")
        for path in (f"{trial.base}/venv/../words", f"{trial.root}/../venv/x", f"{trial.root}/./../venv//x"):
            trial.file("../venv/x")
            trial.touch(path)
        assert contents(trial, trial.end()) == {str(words): b"w"}

    def test_link_through_a_link_into_a_library(self, trial):
        trial.file("../venv/x.json")
        (trial.root / "env").symlink_to("../venv")
        (trial.root / "x.json").symlink_to("env/x.json")
        trial.touch("x.json")
        assert [each.path for each in trial.end().artifacts] == ["x.json"]

    def test_link_to_a_library_directory(self, trial):
        trial.file("../venv/x.json")
        (trial.root / "env").symlink_to("../venv")
        trial.touch("env/x.json")
        assert trial.end().artifacts == ()

    def test_directory_that_is_a_link(self, trial):
        trial.file("../data/1", b"1")
        (trial.root / "data").symlink_to("../data")
        trial.touch("data/1")
        assert contents(trial, trial.end()) == {"data/1": b"1"}

    def test_root_by_another_way(self, trial):
        trial.file("a")
        (trial.base / "alias").symlink_to(trial.root)
        trial.touch(trial.base / "alias/a")
        assert [each.path for each in trial.end().artifacts] == ["a"]

    def test_root_that_leads_into_a_library(self, trial):
        """By its spelling the root is no library's, wherever it leads."""
        trial.file("../venv/work/a.csv")
        trial.file("../venv/work/b.lock")
        trial.root = trial.base / "alias"
        trial.root.symlink_to("venv/work")
        trial.places["ignore"] = ("*.lock",)
        for name in ("a.csv", "b.lock"):
            trial.touch(name)
        trial.touch(trial.base / "venv/work/a.csv")
        assert [each.path for each in trial.end().artifacts] == ["a.csv"]

    @pytest.mark.parametrize("target", ["circle", "other", "nowhere"])
    def test_circular_and_dangling(self, trial, target):
        (trial.root / "circle").symlink_to(target)
        (trial.root / "other").symlink_to("circle")
        trial.touch("circle")
        found = trial.end()
        assert "circle" in [each.path for each in found.artifacts]

    def test_bytes_that_are_no_text(self, trial):
        name = os.fsdecode(b"\xff\xfe")
        trial.file(name, b"1")
        trial.touch(name)
        assert contents(trial, trial.end()) == {"\udcff\udcfe": b"1"}


class TestMadeByTheTrial:
    def test_by_another_spelling(self, trial):
        trial.file("d/a")
        (trial.root / "e").symlink_to("d")
        trial.touch("d/a", read=False, written=True, existed=False)
        trial.touch("e/a")
        assert trial.end().artifacts == ()

    def test_in_a_directory_that_it_moved_there(self, trial):
        trial.file("final/a")
        trial.touch("final", read=False, written=True, existed=False)
        trial.touch("final/a")
        assert trial.end().artifacts == ()

    def test_after_it_was_read(self, trial):
        trial.file("d/a", b"1")
        (trial.root / "e").symlink_to("d")
        trial.touch("d/a", saved=str(trial.file("../spool/1", b"0")), written=True)
        trial.touch("e/a", read=False, written=True, existed=False)
        assert contents(trial, trial.end()) == {"d/a": b"0"}


class TestMadeByAnotherProgram:
    """Python's hook sees that a file was read, and not that a program in C had made it."""

    @pytest.mark.parametrize("name", ["made", "d/made", "new/made"])
    def test_it_is_no_input(self, trial, name):
        trial.file("d/x")
        trial.more["before"] = scan(trial.root)
        trial.watching = {"by": Watching.PROBE}
        trial.file(name)
        trial.touch(name, look=False)
        assert trial.end().artifacts == ()

    @pytest.mark.parametrize("by", [Watching.TRACER, Watching.OUTER])
    def test_the_tracer_knows(self, trial, by):
        trial.more["before"] = scan(trial.root)
        trial.watching = {"by": by}
        trial.file("a")
        trial.touch("a")
        assert [each.path for each in trial.end().artifacts] == ["a"]

    def test_where_the_scan_does_not_go(self, trial):
        trial.file("env/conda-meta/x")
        trial.file("../data/a")
        (trial.root / "data").symlink_to("../data")
        trial.more["before"] = scan(trial.root)
        trial.watching = {"by": Watching.PROBE}
        for name in ("env/conda-meta/x", "data/a", "../data/a"):
            trial.touch(name, look=False)
        found = [each.path for each in trial.end().artifacts]
        assert found == [str(trial.base / "data/a"), "data/a", "env/conda-meta/x"]


class TestDeclared:
    def artifact(self, path, **fields):
        values = {"digest": Digest.of(b"declared"), "size": 8, "mode": Mode.FILE, "media_type": "text/plain"}
        return Artifact(role=ArtifactRole.INPUT, path=path, **{**values, **fields})

    def test_never_lost_never_doubled(self, trial):
        trial.file("a", b"now")
        trial.touch("a")
        trial.more["declared"] = (self.artifact("a"), self.artifact("unread"))
        assert trial.end().artifacts == trial.more["declared"]

    def test_beneath_a_declared_directory(self, trial):
        trial.file("d/a")
        trial.touch("d/a")
        trial.more["declared"] = (self.artifact("d", mode=Mode.DIRECTORY),)
        assert trial.end().artifacts == trial.more["declared"]


class TestWithheld:
    def test_credentials(self, trial):
        trial.file("../.netrc", b"machine x password hunter2")
        trial.touch("../.netrc")
        found = trial.end()
        (one,) = found.artifacts
        assert (one.digest, one.omitted) == (None, "credentials")
        assert not found.complete
        assert ".netrc" in found.health.reason

    def test_credentials_that_the_code_leaves_out(self, trial):
        trial.file(".env", b"PASSWORD=hunter2")
        trial.capture()
        trial.touch(".env")
        found = trial.end()
        assert contents(trial, found) == {".env": None}
        assert not found.complete
        assert ".env" in found.health.reason

    @pytest.mark.parametrize("place", [0, 1, (1 << 20) - 3, (2 << 20) - 1])
    def test_content_that_holds_a_secret(self, trial, place):
        content = b"-" * place + b"s3cr3t-value" + b"-" * 100
        trial.file("settings.ini", content)
        trial.touch("settings.ini")
        trial.more["secrets"] = Secrets.find(["x"], {"API_TOKEN": "s3cr3t-value"})
        found = trial.end()
        (one,) = found.artifacts
        assert (one.digest, one.omitted) == (Digest.of(content), "secret")
        assert not trial.store.has(one.digest)
        assert found.complete
        assert found.health.reason == "by digest only, since they hold a secret of this command: settings.ini"

    def test_copy_that_holds_a_secret(self, trial):
        trial.touch("a", written=True, saved=str(trial.file("../spool/1", b"s3cr3t-value")))
        trial.more["secrets"] = Secrets.find(["x"], {"API_TOKEN": "s3cr3t-value"})
        (one,) = trial.end().artifacts
        assert one.omitted == "secret"
        assert not trial.store.has(one.digest)

    def test_content_without_it(self, trial):
        trial.file("a", b"nothing")
        trial.touch("a")
        trial.more["secrets"] = Secrets.find(["x"], {"API_TOKEN": "s3cr3t-value"})
        assert contents(trial, trial.end()) == {"a": b"nothing"}

    def test_large(self, trial):
        trial.file("a", b"123")
        trial.touch("a")
        trial.more["max_bytes"] = 2
        found = trial.end()
        assert (found.artifacts[0].digest, found.artifacts[0].omitted) == (Digest.of(b"123"), "size")
        assert found.complete

    def test_as_large_as_may_be(self, trial):
        trial.file("a", b"12")
        trial.touch("a")
        trial.more["max_bytes"] = 2
        assert contents(trial, trial.end()) == {"a": b"12"}

    def test_unreadable(self, trial):
        trial.touch("a" * 300)  # the file system refuses to look at it, whoever asks
        found = trial.end()
        assert found.artifacts[0].omitted == "unreadable"
        assert not found.complete

    def test_beneath_what_is_no_directory(self, trial):
        trial.file("a")
        trial.touch("a/b")
        assert trial.end().artifacts[0].omitted == "changed"

    def test_named_pipe(self, trial):
        os.mkfifo(trial.root / "pipe")
        trial.touch("pipe", look=False)
        found = trial.end()
        assert (found.artifacts, found.complete) == ((), False)
        assert "named pipes" in found.health.reason

    def test_directories_are_passed_over(self, trial):
        (trial.root / "d").mkdir()
        trial.touch("d")
        found = trial.end()
        assert (found.artifacts, found.complete) == ((), True)

    def test_directory_that_is_gone(self, trial):
        (trial.root / "d").mkdir()
        trial.touch("d")
        (trial.root / "d").rmdir()
        assert trial.end().artifacts == ()


@pytest.mark.parametrize(
    ("watching", "reason"),
    [
        ({"by": Watching.OUTER}, None),
        ({"by": Watching.PROBE, "fallback": "no seccomp"}, "only what Python opened is known: no seccomp"),
        ({"by": Watching.NONE}, "files that it opens by itself are not watched"),
        ({"by": Watching.TRACER, "gaps": ("io_uring",)}, "io_uring"),
        ({"by": Watching.TRACER, "gaps": tuple("abc")}, "a; b; c"),
        ({"by": Watching.TRACER, "gaps": tuple("abcde")}, "a; b; c; and 2 more reasons like these"),
        (
            {"by": Watching.TRACER, "network": ("a:1", "b:2", "c:3", "d:4")},
            f"{CONNECTED}: a:1, b:2, c:3 and 1 more",
        ),
    ],
)
def test_what_is_said_of_the_watching(trial, watching, reason):
    trial.watching = watching
    found = trial.end()
    assert found.health.reason == reason
    assert found.complete is (reason is None)


def test_very_many(trial):
    for number in range(1200):
        trial.file(f"data/{number:04d}", b"%d" % number)
        trial.touch(f"data/{number:04d}")
    trial.file("a.csv")
    trial.touch("a.csv")
    found = trial.end()
    assert [each.path for each in found.artifacts] == ["a.csv", "data"]
    manifest = decode(Manifest, trial.store.get(found.artifacts[1].digest))
    assert trial.store.get(manifest.entries[7].digest) == b"7"
    assert found.complete


def test_digest_is_read_once(trial):
    file = trial.file("../set", b"1")
    os.utime(file, ns=(1, 1))
    status = FileStat.of(os.stat(file))
    trial.known.add(str(trial.base / "set"), status, Digest.of(b"known"), 2**62)
    trial.store.put(b"known")
    trial.touch("../set")
    assert contents(trial, trial.end()) == {str(trial.base / "set"): b"known"}
