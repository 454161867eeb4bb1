import numpy as np
import scipy.linalg
from threadpoolctl import threadpool_info

from ledger.tune.samplers.blas import one_thread


def threads():
    assert np.__name__
    assert scipy.linalg.__name__
    return [each["num_threads"] for each in threadpool_info() if each["user_api"] == "blas"]


def test_it_takes_one_thread_and_gives_the_others_back():
    before = threads()
    assert before
    with one_thread():
        assert set(threads()) == {1}
    assert threads() == before
