import pytest

from ledger.capture.directories import collapse, expanded, group, is_group, members
from ledger.errors import FormatError
from ledger.model import Artifact, ArtifactRole, Digest, Manifest, Mode
from ledger.model.codec import decode
from ledger.store.memory import MemoryStore


def artifact(path, content=b"x", **fields):
    values = {
        "digest": Digest.of(content),
        "size": len(content),
        "mode": Mode.FILE,
        "media_type": "text/plain",
    }
    return Artifact(role=ArtifactRole.INPUT, path=path, **{**values, **fields})


def names(directory, count):
    return [f"{directory}/{number:05d}" for number in range(count)]


class TestCollapse:
    def test_few_stay(self):
        assert collapse(names("a", 1000)) == {}

    def test_many(self):
        paths = names("a", 1001)
        assert collapse([*paths, "b"]) == {"a": tuple(paths)}

    def test_innermost_of_equals(self):
        assert list(collapse(names("/mnt/sets/imagenet/train", 1500))) == ["/mnt/sets/imagenet/train"]

    def test_directory_over_its_classes(self):
        paths = [path for number in range(30) for path in names(f"data/train/{number}", 50)]
        assert list(collapse(paths)) == ["data/train"]

    def test_what_lies_beside_is_left_out(self):
        paths = names("/mnt/a/b", 2000)
        assert collapse([*paths, "/mnt/other/x", "/mnt/y"]) == {"/mnt/a/b": tuple(paths)}

    def test_two_of_a_size(self):
        assert set(collapse([*names("/mnt/a", 600), *names("/srv/b", 600)])) == {"/mnt/a"}
        assert set(collapse([*names("/mnt/a", 1200), *names("/srv/b", 1100)])) == {"/mnt/a", "/srv/b"}

    def test_small_directories_stay(self):
        assert collapse([path for number in range(30) for path in names(f"{number}", 99)]) == {}

    @pytest.mark.parametrize("prefix", ["", "/"])
    def test_never_the_top(self, prefix):
        assert collapse([f"{prefix}{number}" for number in range(2000)]) == {}

    def test_never_above_the_root(self):
        paths = [*names("/home/ann", 1500), *names("/home/ann/sets", 200)]
        assert list(collapse(paths, root="/home/ann/w")) == ["/home/ann/sets"]

    def test_order_does_not_matter(self):
        paths = [*names("a", 700), *names("b", 700), *names("b/c", 650)]
        assert collapse(paths) == collapse(reversed(paths)) == collapse(set(paths))


class TestGroup:
    def test_members_come_back(self):
        store = MemoryStore()
        many = [artifact(f"data/{n:04d}", b"%d" % n) for n in range(1100)]
        odd = [
            artifact("data/big", digest=Digest.of(b"big"), size=10**9, omitted="size"),
            artifact("data/\udcff", mode=Mode.EXECUTABLE),
            artifact("data/key.pem", digest=None, omitted="credentials"),
            artifact("x.csv"),
        ]
        found = group([*many, *odd], put=store)
        assert [each.path for each in found] == ["data", "x.csv"]
        directory = found[0]
        assert is_group(directory)
        assert (directory.mode, directory.media_type) == (Mode.DIRECTORY, "inode/directory")
        assert directory.size == sum(each.size for each in [*many, *odd[:3]])
        assert len(decode(Manifest, store.get(directory.digest))) == 1103
        assert dict(members(directory, store.get(directory.digest)))["data/0007"].digest == Digest.of(b"7")
        back = {
            each.path: (each.digest, each.size, each.mode, each.omitted)
            for each in expanded(found, store.get)
        }
        assert back == {
            each.path: (each.digest, each.size, each.mode, each.omitted) for each in [*many, *odd]
        }

    def test_few_stay(self):
        few = (artifact("a"), artifact("b"))
        assert group(reversed(few), put=MemoryStore()) == few

    def test_file_beneath_a_file(self):
        many = [artifact(path) for path in [*names("d", 1100), "d/00001/x"]]
        assert len(group(many, put=MemoryStore())) == 1101

    def test_group_is_not_grouped(self):
        store = MemoryStore()
        first = group([artifact(path) for path in names("d/e", 1100)], put=store)
        again = group([*first, *(artifact(path) for path in names("d/f", 1100))], put=store)
        assert [each.path for each in again] == ["d/e", "d/f"]


def test_no_manifest():
    with pytest.raises(FormatError):
        list(members(artifact("d", mode=Mode.DIRECTORY), b"\x00"))
