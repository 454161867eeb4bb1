import os
from dataclasses import replace
from pathlib import Path

import pytest

from ledger.errors import DamagedError, LedgerError, NotFoundError, UsageError
from ledger.model import ArtifactRole, Digest, Manifest, ManifestEntry, Mode
from ledger.ops.checkout import Part, checkout


@pytest.fixture
def trial(maker):
    products = maker.put(maker.manifest({"old.bin": b"old"}))
    id = maker.trial(
        inputs={"data/rows": b"in", "/abs": b"x"},
        outputs={"out/model": b"weights", "log": b"after"},
        code={
            "train.py": b"code",
            "run.sh": (Mode.EXECUTABLE, b"#!"),
            "link": (Mode.LINK, b"train.py"),
            "log": b"before",
        },
        snapshot={"products": products},
    )
    return maker.trials.by_id[id]


def tree(folder):
    found = {}
    for base, _, names in os.walk(folder):
        for name in names:
            path = os.path.join(base, name)
            shown = os.path.relpath(path, folder)
            found[shown] = f"-> {os.readlink(path)}" if os.path.islink(path) else Path(path).read_bytes()
    return found


ALL = {
    "data/rows": b"in",
    "link": "-> train.py",
    "log": b"after",
    "old.bin": b"old",
    "out/model": b"weights",
    "run.sh": b"#!",
    "train.py": b"code",
}


@pytest.mark.parametrize("force", [False, True])
def test_everything_as_the_trial_left_it(maker, trial, tmp_path, force):
    target = tmp_path / "new" / "deep"
    result = checkout(trial, target, maker.store, force=force)
    assert tree(target) == ALL
    assert set(os.listdir(target)) == {path.split("/")[0] for path in ALL}
    assert result.paths == tuple(sorted(ALL))
    assert result.skipped == (("/abs", "it lies outside the root: ledger cat shows it"),)
    assert result.damaged == ()
    assert os.access(target / "run.sh", os.X_OK)
    assert not os.access(target / "train.py", os.X_OK)


@pytest.mark.parametrize(
    ("parts", "paths", "expected"),
    [
        ([Part.CODE], [], {"train.py", "run.sh", "link", "log"}),
        ([Part.OUTPUTS, Part.PRODUCTS], [], {"out/model", "log", "old.bin"}),
        (list(Part), ["out/", "train.py"], {"out/model", "train.py"}),
        (list(Part), ["data/rows"], {"data/rows"}),
    ],
)
def test_some_of_it(maker, trial, tmp_path, parts, paths, expected):
    result = checkout(trial, tmp_path / "to", maker.store, parts=parts, paths=paths)
    assert set(tree(tmp_path / "to")) == set(result.paths) == expected
    assert bool(result.skipped) is (Part.INPUTS in parts and not paths)


def test_the_code_before_and_the_output_after(maker, trial, tmp_path):
    checkout(trial, tmp_path / "to", maker.store, parts=[Part.CODE])
    assert tree(tmp_path / "to")["log"] == b"before"


def test_unknown_paths_come_with_the_nearest(maker, trial, tmp_path):
    with pytest.raises(NotFoundError) as caught:
        checkout(trial, tmp_path / "to", maker.store, paths=["train.p"])
    assert "train.py" in caught.value.cause
    with pytest.raises(NotFoundError) as caught:
        checkout(trial, tmp_path / "to", maker.store, paths=["zzzzzz"])
    assert caught.value.cause is None
    with pytest.raises(UsageError):
        checkout(trial, tmp_path / "to", maker.store, paths=["/"])
    assert not (tmp_path / "to").exists()


def test_what_is_there_and_the_same_is_left(maker, trial, tmp_path):
    checkout(trial, tmp_path / "to", maker.store)
    before = os.stat(tmp_path / "to" / "train.py")
    result = checkout(trial, tmp_path / "to", maker.store)
    assert result.paths == tuple(sorted(ALL))
    assert os.stat(tmp_path / "to" / "train.py").st_ino == before.st_ino


def test_another_file_is_never_overwritten_unless_asked(maker, trial, tmp_path):
    (tmp_path / "to").mkdir()
    (tmp_path / "to" / "train.py").write_bytes(b"mine")
    (tmp_path / "to" / "other").write_bytes(b"mine")
    with pytest.raises(LedgerError, match=r"train\.py would be overwritten"):
        checkout(trial, tmp_path / "to", maker.store)
    assert tree(tmp_path / "to") == {"train.py": b"mine", "other": b"mine"}
    checkout(trial, tmp_path / "to", maker.store, force=True)
    assert tree(tmp_path / "to") == ALL | {"other": b"mine"}


@pytest.mark.parametrize("force", [False, True])
def test_no_link_leads_out_of_the_target(maker, trial, tmp_path, force):
    (tmp_path / "to").mkdir()
    (tmp_path / "elsewhere").mkdir()
    (tmp_path / "to" / "out").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(LedgerError):
        checkout(trial, tmp_path / "to", maker.store, force=force)
    assert list((tmp_path / "elsewhere").iterdir()) == []
    assert set(tree(tmp_path / "to")) == set()


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("way", ["out", "out/model"])
def test_nothing_is_written_where_a_file_stands_for_a_directory(maker, trial, tmp_path, force, way):
    target = tmp_path / "to"
    if way == "out":
        target.mkdir()
        (target / way).write_bytes(b"mine")
    else:
        (target / way).mkdir(parents=True)
    with pytest.raises(LedgerError, match=r"in the way|overwritten") as caught:
        checkout(trial, target, maker.store, force=force)
    assert "no directory" in caught.value.cause or way == "out/model"
    assert tree(target) == ({"out": b"mine"} if way == "out" else {})


@pytest.fixture
def hollow(maker):
    """A trial whose code has directories that hold no file."""
    entries = [
        ManifestEntry(path="empty", mode=Mode.DIRECTORY, size=0, digest=None),
        ManifestEntry(path="filled", mode=Mode.DIRECTORY, size=0, digest=None),
        ManifestEntry(path="lost", mode=Mode.LINK, size=1, digest=None, omitted="unreadable"),
    ]
    trial = maker.made(outputs={"filled/x": b"1"})
    tree = maker.put(Manifest.of(entries))
    return replace(trial, code=(replace(trial.code[0], tree=tree),))


@pytest.mark.parametrize("force", [False, True])
def test_directories_that_hold_no_file(maker, hollow, tmp_path, force):
    (tmp_path / "to" / "empty" / "mine").mkdir(parents=True)
    result = checkout(hollow, tmp_path / "to", maker.store, force=force)
    assert result.paths == ("empty", "filled", "filled/x")
    assert result.skipped == (("lost", "unreadable"),)
    assert (tmp_path / "to" / "empty" / "mine").is_dir()
    assert tree(tmp_path / "to") == {"filled/x": b"1"}
    other = tmp_path / "other"
    other.mkdir()
    (other / "empty").write_bytes(b"mine")
    with pytest.raises(LedgerError):
        checkout(hollow, other, maker.store, force=force)
    assert tree(other) == {"empty": b"mine"}


@pytest.mark.parametrize("force", [False, True])
def test_a_trial_that_runs_or_has_no_code(maker, trial, tmp_path, force):
    bare = replace(trial, code=(), outcome=None)
    result = checkout(bare, tmp_path / "to", maker.store, force=force)
    assert result.paths == ("data/rows",)


def test_force_replaces_no_directory(maker, trial, tmp_path):
    (tmp_path / "to" / "train.py").mkdir(parents=True)
    with pytest.raises(LedgerError, match="in the way"):
        checkout(trial, tmp_path / "to", maker.store, force=True)
    assert (tmp_path / "to" / "train.py").is_dir()


@pytest.mark.parametrize("force", [False, True])
@pytest.mark.parametrize("break_it", ["damage", "lose"])
def test_what_is_whole_is_written(maker, trial, tmp_path, force, break_it):
    for content in (b"weights", b"train.py"):  # the second one is the link's target
        getattr(maker, break_it)(Digest.of(content))
    result = checkout(trial, tmp_path / "to", maker.store, force=force)
    assert tree(tmp_path / "to") == {
        path: content for path, content in ALL.items() if path not in ("link", "out/model")
    }
    assert [path for path, _ in result.damaged] == ["link", "out/model"]
    assert all("object" in reason for _, reason in result.damaged)
    assert not set(result.paths) & {"link", "out/model"}


def test_force_keeps_a_file_whose_recorded_content_is_damaged(maker, trial, tmp_path):
    (tmp_path / "to").mkdir()
    (tmp_path / "to" / "train.py").write_bytes(b"mine")
    maker.damage(Digest.of(b"code"))
    result = checkout(trial, tmp_path / "to", maker.store, force=True)
    assert (tmp_path / "to" / "train.py").read_bytes() == b"mine"
    assert [path for path, _ in result.damaged] == ["train.py"]


def test_a_damaged_list_of_files_is_an_error(maker, trial, tmp_path):
    maker.damage(trial.code[0].tree)
    with pytest.raises(DamagedError):
        checkout(trial, tmp_path / "to", maker.store)
    checkout(trial, tmp_path / "to", maker.store, parts=[Part.OUTPUTS])


def test_contents_that_were_never_stored_are_skipped(maker, trial, tmp_path):
    (big,) = maker.artifacts(ArtifactRole.INPUT, {"big": b"12345"})
    trial = replace(trial, inputs=(replace(big, omitted="size"), replace(big, path="z", digest=None)))
    result = checkout(trial, tmp_path / "to", maker.store, parts=[Part.INPUTS])
    assert (result.paths, result.skipped) == ((), (("big", "size"), ("z", "unreadable")))


def test_a_file_that_became_a_directory_and_the_other_way_round(maker, tmp_path):
    id = maker.trial(code={"a": b"file", "b/c": b"in", "b/d": b"in"}, outputs={"a/x": b"1", "b": b"2"})
    checkout(maker.trials.by_id[id], tmp_path / "to", maker.store)
    assert tree(tmp_path / "to") == {"a/x": b"1", "b": b"2"}


def test_names_that_are_no_utf8(maker, tmp_path):
    name = os.fsdecode(b"caf\xe9 \n x")
    id = maker.trial(code={name: b"1"}, outputs={f"d\xe9/{name}": b"2"})
    result = checkout(maker.trials.by_id[id], tmp_path / "to", maker.store)
    assert set(result.paths) == {name, f"d\xe9/{name}"} == set(tree(tmp_path / "to"))
