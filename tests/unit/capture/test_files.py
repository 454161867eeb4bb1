import os
import socket

import pytest

from ledger.capture.directories import expanded
from ledger.capture.files import artifacts, changed, media_type, removed, scan
from ledger.capture.known import Known
from ledger.capture.secrets import Secrets
from ledger.model import ArtifactRole, Digest, Mode
from ledger.store.local import LocalStore
from ledger.store.memory import MemoryStore

INPUT, OUTPUT = ArtifactRole.INPUT, ArtifactRole.OUTPUT


@pytest.fixture
def root(tmp_path):
    place = tmp_path / "root"
    place.mkdir()
    return place


@pytest.fixture
def store():
    return MemoryStore()


def write(root, **contents):
    for name, content in contents.items():
        (root / name).write_bytes(content)


def replace(root):
    (root / "new").write_bytes(b"one")
    os.replace(root / "new", root / "a")


def same_bytes(root):
    (root / "a").write_bytes(b"one")
    os.utime(root / "a", ns=(1, 1))


def to_link(root):
    (root / "a").unlink()
    (root / "a").symlink_to("b")


class TestChanged:
    @pytest.mark.parametrize(
        "change",
        [
            lambda root: (root / "a").write_bytes(b"longer"),
            same_bytes,
            replace,
            to_link,
            lambda root: (root / "a").chmod(0o755),
        ],
    )
    def test_written(self, root, change):
        write(root, a=b"one", b=b"two")
        before = scan(root)
        change(root)
        after = scan(root)
        assert (changed(before, after), removed(before, after)) == (["a"], [])

    @pytest.mark.parametrize(
        "touch",
        [
            lambda root: (root / "a").read_bytes(),
            lambda root: (root / "a").chmod(0o600),
            lambda root: os.link(root / "a", root.parent / "hard"),
            lambda root: (root / "empty").mkdir(),
        ],
    )
    def test_not_written(self, root, touch):
        write(root, a=b"one")
        before = scan(root)
        touch(root)
        assert changed(before, scan(root)) == []

    def test_new_and_gone(self, root):
        write(root, a=b"one", b=b"two")
        (root / "link").symlink_to("a")
        before = scan(root)
        (root / "b").unlink()
        (root / "link").unlink()
        (root / "link").symlink_to("b")
        write(root, c=b"", Z=b"z")
        after = scan(root)
        assert changed(before, after) == ["Z", "c", "link"]
        assert removed(before, after) == ["b"]


class TestArtifacts:
    def test_files(self, root, store):
        (root / "out").mkdir()
        write(root, **{"out/b.json": b"{}", "a.npy": b"n", "empty": b""})
        (root / "a.npy").chmod(0o755)
        found, problems = artifacts(root, ["out/b.json", "a.npy", "empty", "./a.npy"], OUTPUT, put=store)
        assert problems == []
        assert [(each.path, each.size, each.mode, each.media_type) for each in found] == [
            ("a.npy", 1, Mode.EXECUTABLE, "application/x-npy"),
            ("empty", 0, Mode.FILE, "application/octet-stream"),
            ("out/b.json", 2, Mode.FILE, "application/json"),
        ]
        assert [store.get(each.digest) for each in found] == [b"n", b"", b"{}"]
        assert {each.role for each in found} == {OUTPUT}

    def test_directory(self, root, store):
        (root / "data/deep/__pycache__").mkdir(parents=True)
        write(root, **{"data/a": b"a", "data/deep/b": b"b", "data/deep/__pycache__/c": b"c", "other": b"o"})
        os.mkfifo(root / "data/pipe")
        found, problems = artifacts(root, ["data", "data/a"], INPUT, put=store)
        assert [each.path for each in found] == ["data/a", "data/deep/b"]
        assert problems == ["data/pipe: a named pipe"]
        found, _ = artifacts(root, ["."], INPUT, put=store)
        assert [each.path for each in found] == ["data/a", "data/deep/b", "other"]

    def test_outside(self, root, store, tmp_path):
        write(tmp_path, outside=b"o")
        for path in (str(tmp_path / "outside"), "../outside", "nowhere/../../outside"):
            (found,), problems = artifacts(root, [path], INPUT, put=store)
            assert (found.path, store.get(found.digest), problems) == (str(tmp_path / "outside"), b"o", [])

    def test_root_by_another_way(self, root, store, tmp_path):
        write(root, a=b"a")
        (tmp_path / "way").symlink_to(root)
        for base, path in ((root, tmp_path / "way/a"), (tmp_path / "way", root / "a"), (root, root / "a")):
            (found,), _ = artifacts(base, [str(path)], INPUT, put=store)
            assert found.path == "a"

    def test_dots_behind_a_link(self, root, store, tmp_path):
        (tmp_path / "far/away").mkdir(parents=True)
        write(tmp_path, **{"far/a": b"far"})
        write(root, a=b"near")
        (root / "link").symlink_to("../far/away")
        (found,), _ = artifacts(root, ["link/../a"], INPUT, put=store)
        assert (found.path, store.get(found.digest)) == (str(tmp_path / "far/a"), b"far")

    def test_path_through_a_link_stays_as_it_is_spelt(self, root, store, tmp_path):
        (tmp_path / "big").mkdir()
        write(tmp_path, **{"big/a": b"a"})
        (root / "data").symlink_to(tmp_path / "big")
        (found,), _ = artifacts(root, ["data/a"], INPUT, put=store)
        assert (found.path, found.mode) == ("data/a", Mode.FILE)

    def test_link(self, root, store):
        write(root, target=b"t")
        (root / "link").symlink_to("target")
        (found,), _ = artifacts(root, ["link"], OUTPUT, put=store)
        assert (found.mode, found.size, store.get(found.digest)) == (Mode.LINK, 6, b"target")
        both, problems = artifacts(root, ["link"], INPUT, put=store, follow=True)
        assert ([each.path for each in both], problems) == (["link", "target"], [])

    def test_links_out_and_to_directories(self, root, store, tmp_path):
        (tmp_path / "big").mkdir()
        write(tmp_path, **{"big/a": b"a", "far": b"f"})
        (root / "data").symlink_to("../big")
        (root / "file").symlink_to("../far")
        found, problems = artifacts(root, ["data", "file"], INPUT, put=store, follow=True)
        assert [each.path for each in found] == [
            str(tmp_path / "big/a"),
            str(tmp_path / "far"),
            "data",
            "file",
        ]
        assert problems == []

    def test_links_that_lead_nowhere_or_around(self, root, store):
        (root / "inner").mkdir()
        write(root, **{"inner/a": b"a"})
        (root / "broken").symlink_to("nowhere")
        (root / "one").symlink_to("two")
        (root / "two").symlink_to("one")
        (root / "inner/up").symlink_to("..")
        (root / "inner/top").symlink_to("/")
        (root / "inner/again").symlink_to("../inner")
        found, problems = artifacts(root, ["broken", "one", "inner"], INPUT, put=store, follow=True)
        assert [each.path for each in found] == [
            "broken",
            "inner/a",
            "inner/again",
            "inner/top",
            "inner/up",
            "one",
            "two",
        ]
        assert sorted(problems) == [
            "inner/again: leads to a directory above itself",
            "inner/top: leads to a directory above itself",
            "inner/up: leads to a directory above itself",
            "nowhere: there is no such file",
        ]

    def test_missing_and_strange(self, root, store):
        os.mkfifo(root / "pipe")
        with socket.socket(socket.AF_UNIX) as server:
            here = os.getcwd()
            os.chdir(root)
            try:
                server.bind("socket")
            finally:
                os.chdir(here)
            write(root, a=b"a")
            found, problems = artifacts(
                root, ["missing", "pipe", "socket", "a", "a/b", "x" * 300, "/dev/null"], OUTPUT, put=store
            )
        assert [each.path for each in found] == ["a"]
        assert problems[0] == "missing: there is no such file"
        assert len(problems) == 6

    def test_any_name(self, root, store):
        for name in (b"\xff", b"new\nline", b" "):
            with open(os.path.join(os.fsencode(root), name), "wb") as file:
                file.write(name)
        found, problems = artifacts(root, ["\udcff", "new\nline", " "], OUTPUT, put=store)
        assert [each.path for each in found] == [" ", "new\nline", "\udcff"]
        _, problems = artifacts(root, ["no\n\udcff"], OUTPUT, put=store)
        assert problems == ["'no\\n\\udcff': there is no such file"]

    def test_limit(self, root, store):
        write(root, large=b"l" * 11, small=b"s" * 10)
        found, _ = artifacts(root, ["large", "small"], INPUT, put=store, max_bytes=10)
        assert [(each.digest, each.omitted) for each in found] == [
            (Digest.of(b"l" * 11), "size"),
            (Digest.of(b"s" * 10), None),
        ]
        assert not store.has(Digest.of(b"l" * 11))

    def test_credentials(self, root, store):
        write(root, **{".netrc": b"secret"})
        (found,), _ = artifacts(root, [".netrc"], INPUT, put=store)
        assert (found.digest, found.omitted) == (None, "credentials")
        (made,), _ = artifacts(root, [".netrc"], OUTPUT, put=store)
        assert store.get(made.digest) == b"secret"

    def test_known_large_file_is_not_read_again(self, root, store, monkeypatch):
        write(root, large=b"l" * 11)
        status = scan(root).files["large"]
        known = Known()
        known.add("large", status, Digest.of(b"believed"), status.ctime_ns + 10**10)
        (found,), _ = artifacts(root, ["large"], INPUT, put=store, max_bytes=10, known=known)
        assert found.digest == Digest.of(b"believed")

    @pytest.mark.slow
    def test_three_sparse_gigabytes(self, root, tmp_path):
        import resource

        store = LocalStore(tmp_path / "objects", tmp_path / "temporary")
        with open(root / "big", "wb") as file:
            file.truncate(3 * 10**9)
        before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        (found,), problems = artifacts(root, ["big"], OUTPUT, put=store)
        store.flush()
        assert (found.size, problems, store.size(found.digest)) == (3 * 10**9, [], 3 * 10**9)
        assert resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before < 100_000  # kB


class TestMediaType:
    @pytest.mark.parametrize(
        ("path", "expected"),
        [
            ("a/metrics.json", "application/json"),
            ("A.NPY", "application/x-npy"),
            ("model.tar.gz", "application/gzip"),
            ("runs/events.out.tfevents.123.host", "application/x-tfevents"),
            ("Makefile", "application/octet-stream"),
            (".json", "application/octet-stream"),
            ("a.json/file", "application/octet-stream"),
            ("trailing.", "application/octet-stream"),
        ],
    )
    def test_by_name(self, path, expected):
        assert media_type(path) == expected


class TestManyAndSecret:
    def test_directory_for_very_many(self, root, store):
        (root / "data").mkdir()
        for number in range(1001):
            (root / f"data/{number}").write_bytes(b"%d" % number)
        plain, _ = artifacts(root, ["data"], INPUT, put=store)
        assert len(plain) == 1001
        grouped, problems = artifacts(root, ["data"], INPUT, put=store, group=True)
        assert ([each.path for each in grouped], problems) == (["data"], [])
        assert tuple(expanded(grouped, store.get)) == plain

    @pytest.mark.parametrize("role", [INPUT, OUTPUT])
    def test_secret_in_content(self, root, store, role):
        write(root, a=b"the s3cr3t-value", b=b"nothing")
        secrets = Secrets.find(["x"], {"API_TOKEN": "s3cr3t-value"})
        found, problems = artifacts(root, ["a", "b"], role, put=store, secrets=secrets)
        assert [(each.digest, each.omitted) for each in found] == [
            (Digest.of(b"the s3cr3t-value"), "secret"),
            (Digest.of(b"nothing"), None),
        ]
        assert not store.has(found[0].digest)
        assert problems == ["by digest only, since they hold a secret of this command: a"]

    def test_short_and_no_secrets(self, root, store):
        write(root, a=b"abcde")
        secrets = Secrets.find(["x"], {"API_TOKEN": "abcde"})
        (found,), problems = artifacts(root, ["a"], INPUT, put=store, secrets=secrets)
        assert (found.omitted, problems) == (None, [])
