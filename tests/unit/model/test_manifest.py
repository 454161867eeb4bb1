import pytest

from ledger.errors import FormatError
from ledger.model import Digest, Manifest, ManifestEntry, Mode
from ledger.model.manifest import check_path, path_key

DIGEST = Digest.of(b"")


def entry(path, mode=Mode.FILE):
    return ManifestEntry(path=path, mode=mode, size=0, digest=None if mode == Mode.DIRECTORY else DIGEST)


def manifest(*paths):
    return Manifest(entries=tuple(entry(path) for path in paths))


def test_entries_are_sorted_by_the_bytes_of_their_paths():
    paths = ["b", "a/b", "a-b", "a.b", "é", "\udcff", "Z", "a b\n", "a"]
    made = Manifest.of(entry(path) for path in paths if path != "a")
    assert [each.path for each in made] == ["Z", "a b\n", "a-b", "a.b", "a/b", "b", "é", "\udcff"]
    assert len(made) == 8
    assert list(made) == list(made.entries)


def test_the_key_is_the_name_on_the_disk():
    assert path_key("caf\udce9") == b"caf\xe9"
    assert path_key("é") == b"\xc3\xa9"


@pytest.mark.parametrize(
    "path",
    ["", "/", "/etc/passwd", "a//b", "a/", "./a", "a/.", "..", "../a", "a/../b", "a/..", "a\0b", "//"],
)
def test_a_path_that_leaves_its_root_is_refused(path):
    with pytest.raises(FormatError, match="leaves its root"):
        check_path(path)
    with pytest.raises(FormatError, match="leaves its root"):
        manifest(path)


@pytest.mark.parametrize("path", ["...", "a b", "a\nb", "..a", "a..", ".a/..b", "-", "~", "\udce9", "C:\\x"])
def test_odd_names_are_names(path):
    assert check_path(path) == path
    assert manifest(path).entries[0].path == path


@pytest.mark.parametrize(("first", "second"), [("b", "a"), ("a", "a"), ("é", "\udcc3\udca9")])
def test_misplaced_and_doubled_paths_are_refused(first, second):
    with pytest.raises(FormatError, match="out of order"):
        manifest(first, second)


@pytest.mark.parametrize("mode", [0, 0o100600, 0o160000, 0o120777])
def test_an_unknown_mode_is_refused(mode):
    with pytest.raises(FormatError, match=f"{mode:o}"):
        Manifest(entries=(entry("a", mode),))


@pytest.mark.parametrize("mode", [Mode.FILE, Mode.EXECUTABLE, Mode.LINK])
@pytest.mark.parametrize("path", ["a/b", "a/b/c/d"])
def test_a_path_beneath_what_is_no_directory_is_refused(mode, path):
    # Beneath a link it would be written to wherever the link points.
    between = (entry("a", mode), entry("a!"), entry("a.txt"), entry(path))
    with pytest.raises(FormatError, match="beneath a file"):
        Manifest(entries=between)


def test_a_path_beneath_a_directory_is_fine():
    made = (entry("a", Mode.DIRECTORY), entry("a/b"), entry("a/b.c"), entry("a/c/d"))
    assert Manifest(entries=made).entries == made
