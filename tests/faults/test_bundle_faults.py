"""Bundles when things go wrong: a process killed, or a disk that fails, at every call that writes."""

import contextlib
import errno
import importlib.util
import os
import shutil
import signal
from pathlib import Path
from types import SimpleNamespace

import pytest

from ledger import workspace as workspaces
from ledger.errors import StorageError
from ledger.ops import bundle_check, query
from ledger.ops.bundle import bundle
from ledger.ops.open_bundle import open_bundle
from ledger.ops.verify import verify

_FAULTS = Path(__file__).parent
_MAKER = _FAULTS.parent / "unit" / "conftest.py"


def _script(name, path):
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


counting = _script("test_pack_faults", _FAULTS / "test_pack_faults.py").counting
Maker = _script("unit_conftest", _MAKER).Maker


@pytest.fixture
def made(tmp_path, ledger_environment):
    """Two bundles, of a trial each, of one ledger; the second one without the contents of outputs."""
    home = tmp_path / "made"
    home.mkdir()
    maker = Maker(home)
    ids = [
        maker.trial(params={"lr": lr}, inputs={"data.csv": b"1,2"}, outputs={"model.bin": b"weights %f" % lr})
        for lr in (0.1, 0.2)
    ]
    workspace = SimpleNamespace(store=maker.store, journal=maker.journal, directory=maker.folder, root=home)
    trials = maker.trials
    for name, id in zip(("first", "second"), ids, strict=True):
        trial = [trials.by_id[id]]
        bundle(workspace, trial, tmp_path / f"{name}.ledger", outputs=name == "first")
    return SimpleNamespace(
        workspace=workspace,
        trials=trials,
        ids=ids,
        first=tmp_path / "first.ledger",
        second=tmp_path / "second.ledger",
    )


def whole(place, ids):
    """The ledger that is there has these trials, and nothing of it is wrong."""
    workspace = workspaces.find(place)
    trials = query.load(workspace.journal)
    assert [each.id for each in trials] == ids
    return verify(workspace.journal, workspace.store, trials).findings


def opened(made, place):
    open_bundle(made.first, place / "x")


def added(made, place):
    open_bundle(made.second, place / "x")


def written(made, place):
    trials = [made.trials.by_id[id] for id in made.ids]
    bundle(made.workspace, trials, place / "out.ledger")


def before(case, made, place):
    place.mkdir()
    if case is added:
        opened(made, place)
    if case is written:
        (place / "out.ledger").write_bytes(b"an earlier one")


def look(case, made, place, *, done, may_be_done=False):
    """What is there is as before, or as after."""
    if case is opened:
        there = (place / "x").exists()
        assert there or not done
        assert not there or done or may_be_done
        if there:
            assert whole(place / "x", made.ids[:1]) == ()
    elif case is added:
        workspace = workspaces.find(place / "x")
        count = len(query.load(workspace.journal))
        assert count == 2 if done else count in (1, 2)
        findings = whole(place / "x", made.ids[:count])
        # Killed between the entries and the note that outputs are not there: they are missing until then.
        assert findings == () or (not done and {each.what for each in findings} == {"object.missing"})
    else:
        content = (place / "out.ledger").read_bytes()
        if done or content != b"an earlier one":
            assert len(bundle_check.check(place / "out.ledger").trials) == 2


@pytest.mark.slow
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize("case", [opened, added, written])
def test_killed_at_every_call_that_writes(tmp_path, made, monkeypatch, case, when):
    def kill(call):
        if when == "after":
            call()
        os.kill(os.getpid(), signal.SIGKILL)

    for at in range(1000):
        place = tmp_path / "run"
        before(case, made, place)
        child = os.fork()
        if child == 0:
            with contextlib.suppress(BaseException):
                counting(monkeypatch, at, kill)
                case(made, place)
                os._exit(0)
            os._exit(1)
        _, status = os.waitpid(child, 0)
        assert os.waitstatus_to_exitcode(status) in (0, -signal.SIGKILL)
        look(case, made, place, done=status == 0, may_be_done=True)
        case(made, place)
        look(case, made, place, done=True)
        shutil.rmtree(place)
        if status == 0:
            break
    assert at > 3, "it was never killed"


@pytest.mark.slow
@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC])
@pytest.mark.parametrize("case", [opened, added, written])
def test_every_call_that_writes_may_fail(tmp_path, made, monkeypatch, case, number):
    def fail(call):
        raise OSError(number, os.strerror(number))

    failed = 0
    for at in range(1000):
        place = tmp_path / "run"
        before(case, made, place)
        with monkeypatch.context() as patched:
            count = counting(patched, at, fail)
            try:
                case(made, place)
                told = None
            except StorageError as error:
                told = error.cause
        assert told in (None, os.strerror(number))
        failed += told is not None
        look(case, made, place, done=told is None, may_be_done=True)
        if case is written:
            assert [each.name for each in place.iterdir()] == ["out.ledger"]
        if case is opened and told is not None:
            assert [each.name for each in place.iterdir()] in ([], ["x"])
        case(made, place)
        look(case, made, place, done=True)
        shutil.rmtree(place)
        if count[0] <= at:
            break
    assert failed > 3
