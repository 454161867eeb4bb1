import pytest

from ledger.model import Artifact, ArtifactRole, Digest, Mode
from ledger.ops.renamed import pairs


def files(**contents):
    return {
        path: Artifact(
            role=ArtifactRole.OUTPUT,
            path=path,
            digest=Digest.of(content.encode()),
            size=len(content),
            mode=Mode.FILE,
            media_type="",
        )
        for path, content in contents.items()
    }


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("runs/events.out.tfevents.1764321000.box.4321.0", "runs/events.out.tfevents.1764329999.box.987.0"),
        ("2026-11-28_10-07-08/model.pt", "2026-11-29_23-59-01/model.pt"),
        ("out_20261128.csv", "out_20261129.csv"),
        ("log-10:07:08.txt", "log-11:08:09.txt"),
        ("run-3f2a9c1e/w.npy", "run-9b8e7d6c/w.npy"),
        ("model_2371fa15.ckpt", "model_f4b07d81.ckpt"),
        ("model_9283c50b.ckpt", "model_05669012.ckpt"),
        ("a/0c9d4a52-7a52-4c1c-9c5e-1f1f2a3b4c5d", "a/1c9d4a52-7a52-4c1c-9c5e-1f1f2a3b4c5e"),
        ("cache/tmpab12_xy9/x", "cache/tmp99887766/x"),
        ("cache/tmp1234abcd/x", "cache/tmpxy_123ab/x"),
        ("pid123.log", "pid45678.log"),
        ("events.1795861032.vm.9", "events.1795861070.vm.27"),
    ],
)
def test_names_that_change_from_run_to_run(one, other):
    assert pairs(files(**{one: "1"}), files(**{other: "2"})) == {one: other}


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("fold_1.csv", "fold_2.csv"),
        ("epoch9.pt", "epoch10.pt"),
        ("train.csv", "test.csv"),
        ("a/20261128.csv", "b/20261129.csv"),
        ("decade.txt", "facade.txt"),
    ],
)
def test_names_that_mean_something(one, other):
    assert pairs(files(**{one: "1"}), files(**{other: "1"})) == {}


def test_same_contents_find_each_other_and_the_others_keep_their_order():
    left = files(p1001="a", p1002="b", p1003="c", kept="k")
    right = files(p2001="c", p2002="x", p2003="y", kept="k")
    assert pairs(left, right) == {"p1003": "p2001", "p1001": "p2002", "p1002": "p2003"}


def test_numbers_that_mean_something_keep_their_order_beside_a_time():
    left = files(**{"20261128_fold1": "a", "20261128_fold2": "b"})
    right = files(**{"20261129_fold1": "x", "20261129_fold2": "y"})
    assert pairs(left, right) == {"20261128_fold1": "20261129_fold1", "20261128_fold2": "20261129_fold2"}


def test_where_there_are_not_as_many_only_same_contents_are_paired():
    left = files(p1001="a", p1002="b")
    right = files(p2001="b")
    assert pairs(left, right) == {"p1002": "p2001"}
    assert pairs(files(p1001="a", p1002="b"), files(p2001="x")) == {}


def test_what_both_have_is_no_rename():
    assert pairs(files(p1001="a", p1002="b"), files(p1001="b", p1003="b")) == {"p1002": "p1003"}
