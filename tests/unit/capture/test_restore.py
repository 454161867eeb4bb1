import os

import pytest

from ledger.capture.restore import restore_tree
from ledger.errors import FormatError, LedgerError, NotFoundError
from ledger.model import Digest, Manifest, ManifestEntry, Mode
from ledger.store.local import LocalStore


@pytest.fixture
def store(tmp_path):
    return LocalStore(tmp_path / "objects", tmp_path / "temporary")


@pytest.fixture
def restored(store, tmp_path):
    def call(manifest, into=None):
        return restore_tree(manifest, into or tmp_path / "into", restore=store.restore, content=store.get)

    return call


@pytest.fixture
def entry(store):
    def make(path, content=b"x", mode=Mode.FILE, **fields):
        digest = None if mode == Mode.DIRECTORY else store.put(content)
        fields = {"digest": digest, "size": 0 if mode == Mode.DIRECTORY else len(content)} | fields
        return ManifestEntry(path=path, mode=mode, **fields)

    return make


def link(entry, path, target):
    return entry(path, target, Mode.LINK)


def test_kinds(entry, restored, tmp_path):
    manifest = Manifest.of(
        [
            entry("a/b/file", b"content"),
            entry("a/run.sh", b"#!", Mode.EXECUTABLE),
            entry("empty/dir", mode=Mode.DIRECTORY),
            entry("zero", b""),
            link(entry, "out", b"/etc/\xff"),
            link(entry, "a/loop", b"loop"),
            entry("\udcff\n ", b"odd"),
        ]
    )
    into = tmp_path / "deep/into"
    assert restored(manifest, into) == []
    assert (into / "a/b/file").read_bytes() == b"content"
    assert os.access(into / "a/run.sh", os.X_OK)
    assert not (into / "a/b/file").stat().st_mode & 0o111
    assert os.access(into / "a/b/file", os.W_OK)
    assert (into / "empty/dir").is_dir()
    assert (into / "zero").read_bytes() == b""
    assert os.readlink(os.fsencode(into / "out")) == b"/etc/\xff"
    assert os.readlink(into / "a/loop") == "loop"
    with open(os.fsencode(into) + b"/\xff\n ", "rb") as file:
        assert file.read() == b"odd"


def test_what_has_no_content(entry, restored, tmp_path):
    manifest = Manifest.of(
        [
            entry("large", omitted="size"),
            entry(".env", digest=None, omitted="credentials"),
            entry("here"),
        ]
    )
    assert restored(manifest) == [".env", "large"]
    assert os.listdir(tmp_path / "into") == ["here"]


def test_missing_object(restored):
    digest = Digest.of(b"never put")
    with pytest.raises(NotFoundError):
        restored(Manifest.of([ManifestEntry(path="a", mode=Mode.FILE, size=9, digest=digest)]))


@pytest.mark.parametrize("target", [b"/etc", b"..", b"inside"])
def test_path_through_a_link_of_the_manifest(entry, restored, tmp_path, target):
    entries = [link(entry, "a", target), entry("a/passwd"), entry("aa")]
    with pytest.raises(FormatError):
        restored(Manifest.of(entries))
    assert not (tmp_path / "into").exists()


def test_path_through_a_file_of_the_manifest(entry, restored):
    with pytest.raises(FormatError):
        restored(Manifest.of([entry("a"), entry("a/b/c")]))


@pytest.mark.parametrize("path", [".git/hooks/post-checkout", "a/.GIT/config", ".ledger/journal", ".git"])
def test_directories_of_others(entry, restored, tmp_path, path):
    with pytest.raises(FormatError, match="must not be restored"):
        restored(Manifest.of([entry(path)]))
    assert not (tmp_path / "into").exists()


def test_link_that_lies_there_already(entry, restored, tmp_path):
    (tmp_path / "victim").mkdir()
    (tmp_path / "into").mkdir()
    (tmp_path / "into/a").symlink_to("../victim")
    with pytest.raises(LedgerError, match="would be overwritten"):
        restored(Manifest.of([entry("a/b"), entry("0")]))
    assert os.listdir(tmp_path / "victim") == []
    assert os.listdir(tmp_path / "into") == ["a"]


def test_target_may_be_a_link(entry, restored, tmp_path):
    (tmp_path / "real").mkdir()
    (tmp_path / "way").symlink_to("real")
    restored(Manifest.of([entry("a/b")]), tmp_path / "way")
    assert (tmp_path / "real/a/b").read_bytes() == b"x"


def other_content(into):
    (into / "a").write_bytes(b"y")


def other_size(into):
    (into / "a").write_bytes(b"longer")


def other_bit(into):
    (into / "a").write_bytes(b"x")
    (into / "a").chmod(0o755)


def directory(into):
    (into / "a").mkdir()


def same_content_through_link(into):
    (into / "b").write_bytes(b"x")
    (into / "a").symlink_to("b")


@pytest.mark.parametrize("put", [other_content, other_size, other_bit, directory, same_content_through_link])
def test_nothing_is_overwritten(entry, restored, tmp_path, put):
    into = tmp_path / "into"
    into.mkdir()
    put(into)
    before = os.listdir(into)
    with pytest.raises(LedgerError, match="would be overwritten") as caught:
        restored(Manifest.of([entry("0", b"first"), entry("a"), entry("z")]))
    assert caught.value.hint
    assert os.listdir(into) == before


@pytest.mark.parametrize("lies", ["file", "other link"])
def test_link_is_not_overwritten(entry, restored, tmp_path, lies):
    into = tmp_path / "into"
    into.mkdir()
    if lies == "file":
        (into / "a").write_bytes(b"target")
    else:
        (into / "a").symlink_to("elsewhere")
    with pytest.raises(LedgerError, match="would be overwritten"):
        restored(Manifest.of([link(entry, "a", b"target")]))


def test_again(entry, restored, tmp_path):
    manifest = Manifest.of(
        [
            entry("d/a"),
            entry("run", b"r", Mode.EXECUTABLE),
            entry("e", mode=Mode.DIRECTORY),
            link(entry, "l", b"d/a"),
        ]
    )
    restored(manifest)
    (tmp_path / "into/d/a").unlink()
    (tmp_path / "into/theirs").write_text("kept")
    assert restored(manifest) == []
    assert (tmp_path / "into/d/a").read_bytes() == b"x"
    assert (tmp_path / "into/theirs").read_text() == "kept"


def test_target_is_a_file(entry, restored, tmp_path):
    (tmp_path / "into").write_text("")
    with pytest.raises(LedgerError, match="would be overwritten"):
        restored(Manifest.of([entry("a")]))
