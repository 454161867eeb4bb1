"""What a search is told of a Dask cluster's answers; the cluster itself is in tests/cli."""

from concurrent.futures import BrokenExecutor, Future
from types import SimpleNamespace

import pytest
from distributed import KilledWorker

from ledger.errors import NotFoundError, RemoteError
from ledger.ops.tune.dask import _pass_on


@pytest.mark.parametrize(
    ("raised", "told"),
    [
        (KilledWorker("task", SimpleNamespace(address="tcp://10.0.0.1:1"), 3), BrokenExecutor),
        (BrokenExecutor("its process died"), BrokenExecutor),
        (NotFoundError("no object"), NotFoundError),
        (ModuleNotFoundError("No module named 'ledger'"), RemoteError),
    ],
)
def test_what_goes_wrong_on_a_worker_is_told_in_the_search(raised, told):
    done, answer = Future(), Future()
    done.set_exception(raised)
    _pass_on(done, answer)
    assert type(answer.exception()) is told


def test_an_answer_is_passed_on_and_a_cluster_that_gives_up_is_said():
    done, answer = Future(), Future()
    done.set_result(7)
    _pass_on(done, answer)
    assert answer.result() == 7
    gone, answer = Future(), Future()
    assert gone.cancel()
    _pass_on(gone, answer)
    assert "does not answer any more" in str(answer.exception())
